import { useBlocker } from "@tanstack/react-router";
import { useCallback, useRef } from "react";
import { confirmAction } from "./confirm";

/**
 * Ask before the page is left while something would be lost. Returns a function that lets the next
 * navigation pass: call it when the changes are saved.
 */
export function useLeaveGuard(isDirty: boolean, detail = "What you have changed is not saved.") {
  const mayPass = useRef(false);
  useBlocker({
    disabled: !isDirty,
    enableBeforeUnload: () => isDirty && !mayPass.current,
    shouldBlockFn: async () => {
      if (mayPass.current) {
        mayPass.current = false;
        return false;
      }
      return !(await confirmAction({
        title: "Leave without saving?",
        detail,
        action: "Leave",
        isDangerous: true,
      }));
    },
  });
  return useCallback(() => {
    mayPass.current = true;
  }, []);
}

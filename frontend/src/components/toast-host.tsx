import { useEffect } from "react";
import { Toaster, toast } from "sonner";
import { useTheme } from "@/lib/theme";
import { showToastsWith } from "./toast";

/** Where notices appear; once in the app. It comes after the first paint, with its library. */
export function ToastHost() {
  const { isDark } = useTheme();
  useEffect(() => showToastsWith(toast), []);
  return (
    <Toaster
      theme={isDark ? "dark" : "light"}
      position="bottom-right"
      closeButton
      containerAriaLabel="Notices"
      toastOptions={{
        style: {
          background: "var(--raised)",
          borderColor: "var(--line)",
          color: "var(--ink)",
          fontFamily: "var(--font-sans)",
        },
        classNames: { description: "!text-quiet !font-mono !text-xs" },
        actionButtonStyle: { background: "var(--sun)", color: "var(--sun-ink)", height: 28 },
      }}
    />
  );
}

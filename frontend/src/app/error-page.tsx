import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { useEffect, useEffectEvent } from "react";
import { Outdated, Unreachable } from "@/api/problem";
import { retryParts } from "@/components/lazy-part";
import { ProblemView } from "@/components/problem-view";

/** A page that failed: what stands around it stays, and it is tried again when the network is back. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const queries = useQueryErrorResetBoundary();
  const retry = () => {
    if (error instanceof Outdated) {
      globalThis.location.reload();
      return;
    }
    retryParts();
    queries.reset();
    reset();
    void router.invalidate();
  };
  const onOnline = useEffectEvent(() => {
    if (error instanceof Unreachable) {
      retry();
    }
  });
  useEffect(() => {
    const again = () => onOnline();
    globalThis.addEventListener("online", again);
    return () => globalThis.removeEventListener("online", again);
  }, []);
  return (
    <div className="px-4">
      <ProblemView error={error} onRetry={retry} />
    </div>
  );
}

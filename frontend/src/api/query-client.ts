import { QueryClient } from "@tanstack/react-query";
import { Problem, SignInDeclined, Unreachable } from "./problem";

const MOST_RETRIES = 2;
const PASSING = new Set([502, 503, 504]);

/** Whether reading again may help: the network or the server was away for a moment. */
export function isWorthRetrying(failures: number, error: unknown): boolean {
  if (error instanceof SignInDeclined || failures >= MOST_RETRIES) {
    return false;
  }
  return error instanceof Unreachable || (error instanceof Problem && PASSING.has(error.status));
}

/** Milliseconds before the next try: what the server asked for, else twice as long each time. */
export function retryDelay(failures: number, error: unknown): number {
  const asked = error instanceof Problem ? error.retryAfter : null;
  return asked === null ? Math.min(1000 * 2 ** failures, 8000) : asked * 1000;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: isWorthRetrying,
      retryDelay,
      staleTime: 15_000,
      refetchOnWindowFocus: true,
    },
    // What changes something is never sent again in silence, and says at once when it cannot be.
    mutations: { retry: false, networkMode: "always" },
  },
});

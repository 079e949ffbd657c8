import { useSyncExternalStore } from "react";

/** Whether the API can be reached, as the last request found it. */
export interface Reachability {
  isReached: boolean;
  /** Requests wait until then, in milliseconds since 1970, because the API said "too often". */
  pausedUntil: number;
}

let state: Reachability = { isReached: true, pausedUntil: 0 };
const listeners = new Set<() => void>();

export function useReachability(): Reachability {
  return useSyncExternalStore(subscribe, () => state);
}

export function reportReach(isReached: boolean): void {
  if (isReached !== state.isReached) {
    change({ ...state, isReached });
  }
}

export function pauseUntil(pausedUntil: number): void {
  change({ ...state, pausedUntil: Math.max(state.pausedUntil, pausedUntil) });
}

/** Resolves when the API is found to be there again, by whatever request. */
export function reachedAgain(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = subscribe(() => {
      if (state.isReached) {
        end();
        resolve();
      }
    });
    signal.addEventListener("abort", end, { once: true });
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function change(next: Reachability): void {
  state = next;
  for (const listener of listeners) {
    listener();
  }
}

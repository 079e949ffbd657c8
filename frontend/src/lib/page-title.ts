import { useEffect, useSyncExternalStore } from "react";

let named: readonly string[] = [];
const listeners = new Set<() => void>();

/** Name the page after what it shows, once that is known: in the window's title and breadcrumbs. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    if (title === undefined) {
      return;
    }
    change([...named, title]);
    return () => change(named.toSpliced(named.lastIndexOf(title), 1));
  }, [title]);
}

/** The name that the innermost page has given itself. */
export function useNamedTitle(): string | undefined {
  return useSyncExternalStore(subscribe, () => named.at(-1));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: readonly string[]): void {
  named = next;
  for (const listener of listeners) {
    listener();
  }
}

import type { LucideIcon } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";

/** Something the palette offers. */
export interface Command {
  /** Unique: `connections.new`. */
  id: string;
  title: string;
  group: string;
  icon?: LucideIcon;
  /** Other words by which people look for it. */
  keywords?: string[];
  /** Shown beside the title; registering the keys is the work of `useShortcuts`. */
  keys?: string;
  run: () => void;
}

let registered: readonly Command[] = [];
const listeners = new Set<() => void>();

/** Offer commands in the palette while the component is mounted. Memoize `commands`. */
export function useCommands(commands: readonly Command[]): void {
  useEffect(() => {
    change([...registered, ...commands]);
    return () => change(registered.filter((one) => !commands.includes(one)));
  }, [commands]);
}

export function useRegisteredCommands(): readonly Command[] {
  return useSyncExternalStore(subscribe, () => registered);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: readonly Command[]): void {
  registered = next;
  for (const listener of listeners) {
    listener();
  }
}

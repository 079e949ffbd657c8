import { useEffect, useSyncExternalStore } from "react";

export interface Shortcut {
  /** `Mod+K`, `?`, or a sequence of two: `g c`. Mod is Cmd on a Mac, Ctrl elsewhere. */
  keys: string;
  title: string;
  /** Heading in the help sheet. */
  group: string;
  run: () => void;
  /** Also while a text field has the focus; by default only keys with Mod. */
  inFields?: boolean;
}

const SEQUENCE_MS = 900;
const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

const printed: Record<string, string> = {
  Mod: isMac ? "⌘" : "Ctrl",
  ArrowLeft: "Left",
  ArrowRight: "Right",
};

let registered: readonly Shortcut[] = [];
const listeners = new Set<() => void>();

/** Register shortcuts while the component is mounted. Memoize `shortcuts`. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  useEffect(() => {
    change([...registered, ...shortcuts]);
    return () => change(registered.filter((one) => !shortcuts.includes(one)));
  }, [shortcuts]);
}

/** All shortcuts that work now, for the help sheet. */
export function useRegisteredShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => registered);
}

/** `["Ctrl", "K"]`: what to print on the keys. */
export function keyLabels(keys: string): string[] {
  const parts = keys.length > 1 ? keys.split(/[+ ]/) : [keys];
  return parts.map((part) => printed[part] ?? part);
}

/** Listen on the document for all that is registered; called once, by the app. */
export function listenForShortcuts(): () => void {
  let begun = "";
  let begunAt = 0;
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || event.key === undefined) {
      return;
    }
    const pressed = pressedKeys(event);
    const sequence = Date.now() - begunAt < SEQUENCE_MS ? `${begun} ${pressed}` : "";
    const found =
      latest((one) => one.keys === sequence, event) ?? latest((one) => one.keys === pressed, event);
    begun = pressed;
    begunAt = Date.now();
    if (found) {
      event.preventDefault();
      begun = "";
      found.run();
    }
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

/** What was registered last wins: a dialog over the page beneath it. */
function latest(matches: (one: Shortcut) => boolean, event: KeyboardEvent): Shortcut | undefined {
  const isTyping = isField(event.target);
  return registered.findLast(
    (one) => matches(one) && (!isTyping || (one.inFields ?? one.keys.startsWith("Mod+"))),
  );
}

function pressedKeys(event: KeyboardEvent): string {
  const hasMod = isMac ? event.metaKey : event.ctrlKey;
  const key =
    event.key.length === 1 && (hasMod || event.altKey) ? event.key.toUpperCase() : event.key;
  return [hasMod && "Mod", event.altKey && "Alt", event.shiftKey && key.length > 1 && "Shift", key]
    .filter(Boolean)
    .join("+");
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function change(next: readonly Shortcut[]): void {
  registered = next;
  for (const listener of listeners) {
    listener();
  }
}

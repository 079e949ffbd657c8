import { type ReactNode, useSyncExternalStore } from "react";

export interface Question {
  /** "Delete the connection “Shop”?" */
  title: string;
  /** What will be lost, and what not. */
  detail: ReactNode;
  /** The button's words: "Delete", never "OK". */
  action: string;
  isDangerous?: boolean;
}

export interface AskedQuestion extends Question {
  answer: (isYes: boolean) => void;
}

let asked: AskedQuestion | null = null;
const listeners = new Set<() => void>();

/** Ask before what cannot be undone; true when the person says yes. */
export function confirmAction(question: Question): Promise<boolean> {
  asked?.answer(false);
  return new Promise((resolve) => {
    show({
      ...question,
      answer: (isYes) => {
        show(null);
        resolve(isYes);
      },
    });
  });
}

/** What is asked now; for `ConfirmHost`. */
export function useAskedQuestion(): AskedQuestion | null {
  return useSyncExternalStore(subscribe, () => asked);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function show(next: AskedQuestion | null): void {
  asked = next;
  for (const listener of listeners) {
    listener();
  }
}

import { type ReactNode, useSyncExternalStore } from "react";
import { Button } from "./button";
import { Dialog } from "./dialog";

export interface Question {
  /** "Delete the connection “Shop”?" */
  title: string;
  /** What will be lost, and what not. */
  detail: ReactNode;
  /** The button's words: "Delete", never "OK". */
  action: string;
  isDangerous?: boolean;
}

interface Asked extends Question {
  answer: (isYes: boolean) => void;
}

let asked: Asked | null = null;
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

/** Where `confirmAction` asks; once in the app. */
export function ConfirmHost() {
  const question = useSyncExternalStore(subscribe, () => asked);
  return (
    <Dialog
      isOpen={question !== null}
      onClose={() => question?.answer(false)}
      title={question?.title ?? ""}
      description={question?.detail}
      size="sm"
      footer={
        <>
          <Button onClick={() => question?.answer(false)}>Cancel</Button>
          <Button
            variant={question?.isDangerous ? "danger" : "primary"}
            onClick={() => question?.answer(true)}
          >
            {question?.action}
          </Button>
        </>
      }
    />
  );
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function show(next: Asked | null): void {
  asked = next;
  for (const listener of listeners) {
    listener();
  }
}

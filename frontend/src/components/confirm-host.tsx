import { useRef } from "react";
import { Button } from "./button";
import { type AskedQuestion, useAskedQuestion } from "./confirm";
import { Dialog } from "./dialog";

/** Where `confirmAction` asks; once in the app. */
export function ConfirmHost() {
  const question = useAskedQuestion();
  // Its words stay while it fades away.
  const last = useRef<AskedQuestion | null>(null);
  last.current = question ?? last.current;
  const shown = last.current;
  return (
    <Dialog
      isOpen={question !== null}
      onClose={() => question?.answer(false)}
      title={shown?.title ?? ""}
      description={shown?.detail}
      size="sm"
      footer={
        <>
          <Button onClick={() => question?.answer(false)}>Cancel</Button>
          <Button
            variant={shown?.isDangerous ? "danger" : "primary"}
            onClick={() => question?.answer(true)}
          >
            {shown?.action}
          </Button>
        </>
      }
    />
  );
}

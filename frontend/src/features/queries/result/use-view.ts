import { useEffect, useRef, useState } from "react";
import { announce } from "@/lib/announce";
import { isOver, type Run, rowsText } from "../run/run";
import { runApi } from "../run/run-api";
import { createView, isEmpty, type Look, looks, type View } from "./views";

const LOOK_SECONDS = 10;

export interface ViewState {
  /** What is shown, or on its way. */
  view: View;
  /** Which run is looked at. */
  baseId: string;
  isPending: boolean;
  error: unknown;
  change: (view: View) => void;
  cancel: () => void;
  retry: () => void;
  dismiss: () => void;
}

/** A look at a result, sorted and filtered; while the next one is made the present one stays. */
export function useView(run: Run, onView: (run: Run) => void): ViewState {
  const look = looks.of(run);
  const { baseId, base, view: shown } = look;
  const [wanted, setWanted] = useState<View | null>(null);
  const [error, setError] = useState<unknown>(null);
  const attempt = useRef<AbortController | null>(null);
  const pendingId = useRef<string | null>(null);

  const stop = () => {
    attempt.current?.abort();
    attempt.current = null;
    if (pendingId.current !== null) {
      // Nobody waits for it any more; if this fails, it ends by itself within half a minute.
      runApi.cancel(pendingId.current).catch(() => undefined);
      pendingId.current = null;
    }
  };
  useEffect(
    () => () => {
      attempt.current?.abort();
    },
    [],
  );

  const change = (view: View) => {
    stop();
    setError(null);
    if (isEmpty(view) && base) {
      setWanted(null);
      onView(base);
      return;
    }
    setWanted(view);
    const controller = new AbortController();
    attempt.current = controller;
    make(look, view, controller.signal, (id) => {
      pendingId.current = id;
    }).then(
      (made) => {
        if (!controller.signal.aborted) {
          pendingId.current = null;
          setWanted(null);
          const how = isEmpty(view) ? "as it was asked" : "sorted and filtered";
          announce(`${rowsText(made.row_count ?? 0)}, ${how}`);
          onView(made);
        }
      },
      (failure: unknown) => {
        if (!controller.signal.aborted) {
          pendingId.current = null;
          setError(failure);
        }
      },
    );
  };

  return {
    view: wanted ?? shown,
    baseId,
    isPending: wanted !== null && error === null,
    error,
    change,
    cancel: () => {
      stop();
      setWanted(null);
    },
    retry: () => change(wanted ?? shown),
    dismiss: () => {
      setWanted(null);
      setError(null);
    },
  };
}

/** A view whose SQL has failed, or that ended otherwise without rows. */
export class ViewFailed extends Error {
  override name = "ViewFailed";
}

async function make(
  { baseId, base }: Look,
  view: View,
  signal: AbortSignal,
  onBegun: (id: string) => void,
): Promise<Run> {
  if (isEmpty(view)) {
    return runApi.look(baseId, 0, signal);
  }
  let run = await createView(baseId, view, signal);
  onBegun(run.id);
  while (!isOver(run)) {
    run = await runApi.look(run.id, LOOK_SECONDS, signal);
  }
  if (run.state !== "succeeded") {
    const hint = run.error?.hint ? ` ${run.error.hint}` : "";
    throw new ViewFailed(run.error ? run.error.message + hint : `The view is ${run.state}.`);
  }
  looks.remember(run, { baseId, base, view });
  return run;
}

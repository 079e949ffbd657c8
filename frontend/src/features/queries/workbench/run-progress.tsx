import { CircleStop } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/button";
import { Flash } from "@/components/flash";
import { Keys } from "@/components/keys";
import { durationText, rowsText } from "../run/run";
import type { RunSnapshot } from "../run/run-machine";

export interface RunProgressProps {
  snapshot: RunSnapshot;
  onCancel: () => void;
  /** Stop waiting for an API that does not answer. */
  onAbandon: () => void;
}

/** A run under way: its place or its time, its rows so far, and the way to end it. */
export function RunProgress({ snapshot, onCancel, onAbandon }: RunProgressProps) {
  const { run, startedAt, isCanceling, isReached } = snapshot;
  const elapsed = useElapsed(startedAt);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-sun-soft px-4 py-2">
      <Flash isOnAccent />
      <p className="min-w-0 flex-1">
        <span className="font-semibold">{stateText(snapshot)}</span>{" "}
        <span className="tabular-nums">{elapsedText(elapsed)}</span>
        {run?.state === "running" && (run.rows_so_far ?? 0) > 0 && (
          <span className="text-quiet tabular-nums">
            {" "}
            · {rowsText(run.rows_so_far ?? 0)} so far
          </span>
        )}
        {!isReached && (
          <span className="block text-sm text-quiet">
            Heliograph does not answer. It is asked again by itself; nothing you wrote is lost.
          </span>
        )}
      </p>
      {!isReached && (
        <Button size="sm" variant="quiet" onClick={onAbandon}>
          Stop waiting
        </Button>
      )}
      <Button size="sm" icon={CircleStop} isPending={isCanceling} onClick={onCancel}>
        Cancel <Keys keys="Mod+." />
      </Button>
    </div>
  );
}

/** It ticks: always as wide, and in one unit, until it is minutes. */
function elapsedText(milliseconds: number): string {
  return milliseconds < 60_000
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : durationText(milliseconds);
}

function stateText({ run, isCanceling, isReached }: RunSnapshot): string {
  if (isCanceling) {
    return "Canceling";
  }
  if (!isReached) {
    return "Waiting for the network";
  }
  if (run?.state === "queued") {
    const place = run.queue_position ?? 1;
    return place <= 1 ? "Queued, next in line" : `Queued, number ${place} in line`;
  }
  return "Running";
}

/** Milliseconds since then, as a person sees them pass. */
function useElapsed(startedAt: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 200);
    return () => clearInterval(timer);
  }, []);
  return startedAt === null ? 0 : Math.max(0, now - startedAt);
}

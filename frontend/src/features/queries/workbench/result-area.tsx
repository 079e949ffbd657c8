import { Play, RotateCw } from "lucide-react";
import { type ReactNode, Suspense, useEffect } from "react";
import { Button } from "@/components/button";
import { EmptyState } from "@/components/empty-state";
import { Keys } from "@/components/keys";
import { lazyPart } from "@/components/lazy-part";
import { SkeletonRows } from "@/components/skeleton";
import { Tag } from "@/components/tag";
import { Time } from "@/components/time";
import { cn } from "@/lib/cn";
import { GREYED } from "@/lib/greyed";
import { durationText, hasRows, type Run, type RunError, rowsText, runErrorOf } from "../run/run";
import type { RunSnapshot } from "../run/run-machine";
import { RunFailure, RunGone, RunRefusal } from "./run-problem";
import { RunProgress } from "./run-progress";

const ResultPane = lazyPart(async () => (await import("../result/result-pane")).ResultPane);

export interface ResultAreaProps {
  snapshot: RunSnapshot;
  onCancel: () => void;
  onAbandon: () => void;
  onRetry: () => void;
  /** Ask anew, not from the cache. */
  onRunFresh: () => void;
  onView: (run: Run) => void;
  /** Show an error's place in the editor; null where it has none any more. */
  onShowError: (() => void) | null;
}

/** What came of the last run: its rows, its progress, or why there are none. */
export function ResultArea(props: ResultAreaProps) {
  const { snapshot, onCancel, onAbandon, onRetry, onView, onRunFresh } = props;
  useEffect(() => void ResultPane.preload(), []); // It is there before the first rows are.
  const { phase, run } = snapshot;
  if (phase === "idle") {
    return <NothingYet />;
  }
  const isGood = phase === "over" && run?.state === "succeeded" && hasRows(run);
  if (isGood && run) {
    return (
      <div className="flex min-h-0 flex-1 flex-col">
        <Rows run={run} isStale={false} onView={onView}>
          <Summary run={run} onRunFresh={onRunFresh} />
        </Rows>
      </div>
    );
  }
  const isBusy = phase === "asking" || phase === "waiting";
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {isBusy ? (
        <RunProgress snapshot={snapshot} onCancel={onCancel} onAbandon={onAbandon} />
      ) : (
        <Ended {...props} onRetry={onRetry} />
      )}
      <Below snapshot={snapshot} onView={onView} />
    </div>
  );
}

function Ended({ snapshot: { run, error }, onRetry, onShowError }: ResultAreaProps) {
  const refused = runErrorOf(error);
  if (error && !refused) {
    return <RunRefusal error={error} onRetry={onRetry} />;
  }
  const failure: RunError | null = refused ?? (run?.state === "failed" ? run.error : null);
  if (failure) {
    return <RunFailure error={failure} onRetry={onRetry} onShow={onShowError} />;
  }
  return run ? <RunGone run={run} onRetry={onRetry} /> : <Waited onRetry={onRetry} />;
}

function Waited({ onRetry }: { onRetry: () => void }) {
  return (
    <div className="flex items-center gap-3 border-b border-line bg-sunken px-4 py-2.5">
      <p className="flex-1">Nobody waits for this run any more.</p>
      <Button size="sm" icon={RotateCw} onClick={onRetry}>
        Run again
      </Button>
    </div>
  );
}

/** Below what is told: the first rows of what runs, or the last good result, greyed. */
function Below({ snapshot, onView }: { snapshot: RunSnapshot; onView: (run: Run) => void }) {
  const { run, lastGood } = snapshot;
  if (run?.preview?.rows.length) {
    return <Preview rows={run.preview.rows} />;
  }
  const shown = run?.stale && hasRows(run) ? run : lastGood;
  if (!shown) {
    return null;
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <p className="border-b border-line px-4 py-1.5 text-sm text-quiet">
        {shown.stale && shown.cached_at ? (
          <>
            An older answer: its rows were read <Time at={shown.cached_at} />.
          </>
        ) : (
          <>
            The result before: {rowsText(shown.row_count ?? 0)}, asked{" "}
            <Time at={shown.requested_at} />.
          </>
        )}
      </p>
      <div className={cn("flex min-h-0 flex-1 flex-col", GREYED)}>
        <Rows run={shown} isStale onView={onView} />
      </div>
    </div>
  );
}

function Rows(props: {
  run: Run;
  isStale: boolean;
  onView: (run: Run) => void;
  children?: ReactNode;
}) {
  return (
    <Suspense fallback={<SkeletonRows count={5} />}>
      {/* Another look at the same rows keeps its columns, its menus and what is selected. */}
      <ResultPane key={props.run.parent_id ?? props.run.id} {...props} />
    </Suspense>
  );
}

function Summary({ run, onRunFresh }: { run: Run; onRunFresh: () => void }) {
  const facts: ReactNode[] = [
    <span key="rows" className="font-semibold">
      {rowsText(run.row_count ?? 0)}
    </span>,
  ];
  if (run.duration_ms !== null) {
    facts.push(<span key="time">{durationText(run.duration_ms)}</span>);
  }
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-2 text-sm">
      <p className="flex items-center gap-3 tabular-nums">{facts}</p>
      {run.truncated && <Tag tone="warn">Cut: the connection gives no more rows than these</Tag>}
      {run.cached_at && (
        <span className="flex items-center gap-1.5 text-quiet">
          From <Time at={run.cached_at} />
          <Button size="sm" variant="quiet" icon={RotateCw} onClick={onRunFresh}>
            Run again
          </Button>
        </span>
      )}
      {run.notes.map((note) => (
        <span key={note} className="text-quiet">
          {note}
        </span>
      ))}
    </div>
  );
}

/** The first rows of a run that goes on; it has told no columns yet. */
function Preview({ rows }: { rows: readonly unknown[][] }) {
  return (
    <section
      aria-label="The first rows"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
      tabIndex={0}
      className="min-h-0 flex-1 overflow-auto"
    >
      <p className="border-b border-line px-4 py-1.5 text-sm text-quiet">
        The first rows. The whole result comes when it is done.
      </p>
      <table className="font-mono text-xs">
        <tbody>
          {rows.slice(0, 100).map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name.
            <tr key={at} className="border-b border-line">
              {row.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other name.
                <td key={column} className="max-w-80 truncate px-3 py-1">
                  {cell === null ? <span className="text-quiet">NULL</span> : cellText(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function cellText(cell: unknown): string {
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

function NothingYet() {
  return (
    <EmptyState
      icon={Play}
      title="Nothing was run yet"
      detail={
        <>
          <Keys keys="Mod+Enter" /> runs the selection, or the statement at the cursor.
        </>
      }
    />
  );
}

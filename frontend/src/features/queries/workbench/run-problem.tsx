import { CircleAlert, CircleSlash, Clock, RotateCw } from "lucide-react";
import { Button } from "@/components/button";
import { ProblemView } from "@/components/problem-view";
import type { Run, RunError } from "../run/run";

const titles: Record<string, string> = {
  sql_invalid: "The database cannot run this",
  query_failed: "The query failed",
  query_refused: "This is not run here",
  statement_refused: "This is not run here",
  function_refused: "This function is not run here",
  several_statements: "One statement at a time",
  query_timed_out: "It took too long",
  connection_lost: "The connection to the database was lost",
  connection_refused: "The database does not answer",
  connect_failed: "The database cannot be reached",
  connect_timed_out: "The database does not answer",
  worker_lost: "The worker that ran it was lost",
  permission_denied: "The connection's role may not read this",
  parameter_missing: "A value is missing",
  parameter_invalid: "A value does not fit",
  login_failed: "The database refused the login",
  database_unavailable: "The database is away",
};

export interface RunFailureProps {
  error: RunError;
  onRetry: () => void;
  /** Go to the place in the editor; null where it has none. */
  onShow: (() => void) | null;
}

/** Why a run gave no result, in the database's words. */
export function RunFailure({ error, onRetry, onShow }: RunFailureProps) {
  const facts = [
    ["code", error.code],
    ["SQLSTATE", error.sqlstate],
    ["line", error.line && `${error.line}, column ${error.column}`],
  ].filter(([, value]) => value);
  return (
    <div role="alert" className="flex gap-3 border-b border-bad/40 bg-bad-soft px-4 py-3">
      <CircleAlert aria-hidden size={18} className="mt-0.5 shrink-0 text-bad" />
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <p className="font-semibold">{titles[error.code] ?? "The query failed"}</p>
        <p className="font-mono text-sm whitespace-pre-line [overflow-wrap:anywhere]">
          {error.message}
        </p>
        {error.detail && <p className="text-sm whitespace-pre-line text-quiet">{error.detail}</p>}
        {error.hint && <p className="text-sm">{error.hint}</p>}
        <dl className="flex flex-wrap gap-x-4 font-mono text-xs text-quiet">
          {facts.map(([name, value]) => (
            <div key={name} className="flex gap-1.5">
              <dt>{name}</dt>
              <dd className="select-all">{value}</dd>
            </div>
          ))}
        </dl>
        <div className="mt-1 flex flex-wrap gap-2">
          <Button size="sm" icon={RotateCw} onClick={onRetry}>
            Retry
          </Button>
          {onShow && (
            <Button size="sm" variant="quiet" onClick={onShow}>
              Show the place
            </Button>
          )}
        </div>
      </div>
    </div>
  );
}

/** The request for the run was refused, or nothing can be learnt about it any more. */
export function RunRefusal({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <div className="p-3">
      <ProblemView error={error} onRetry={onRetry} isInline />
    </div>
  );
}

/** It ended without a result and without an error. */
export function RunGone({ run, onRetry }: { run: Run; onRetry: () => void }) {
  const isCanceled = run.state === "canceled";
  const Icon = isCanceled ? CircleSlash : Clock;
  return (
    <div className="flex flex-wrap items-center gap-3 border-b border-line bg-sunken px-4 py-2.5">
      <Icon aria-hidden size={16} className="text-quiet" />
      <p className="min-w-0 flex-1">
        {isCanceled ? (
          <>
            <span className="font-semibold">Canceled.</span>{" "}
            <span className="text-quiet">It does not run on the server any more.</span>
          </>
        ) : (
          <>
            <span className="font-semibold">The rows are no longer kept.</span>{" "}
            <span className="text-quiet">Run it again to see them.</span>
          </>
        )}
      </p>
      <Button size="sm" icon={RotateCw} onClick={onRetry}>
        Run again
      </Button>
    </div>
  );
}

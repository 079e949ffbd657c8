import { CloudOff, RefreshCw, ShieldAlert, TriangleAlert } from "lucide-react";
import { Outdated, Problem, Unreachable } from "@/api/problem";
import { Button } from "./button";

export interface ProblemViewProps {
  error: unknown;
  /** Offers "Try again", or to load the page anew. */
  onRetry?: () => void;
  isRetrying?: boolean;
  /** A line among others instead of a block in the middle. */
  isInline?: boolean;
}

/** What went wrong, in the API's words, with the code and the id to report. */
export function ProblemView({ error, onRetry, isRetrying, isInline }: ProblemViewProps) {
  const { title, detail, hint, facts, icon: Icon } = explain(error);
  return (
    <div
      role="alert"
      className={
        isInline
          ? "flex gap-3 rounded-md border border-bad/40 bg-bad-soft p-3"
          : "mx-auto flex max-w-xl gap-4 py-12"
      }
    >
      <Icon aria-hidden size={20} className="mt-0.5 shrink-0 text-bad" />
      <div className="flex min-w-0 flex-col gap-1.5">
        <p className="font-semibold">{title}</p>
        <p className="whitespace-pre-line">{detail}</p>
        {hint && <p className="text-quiet">{hint}</p>}
        {facts.length > 0 && (
          <dl className="flex flex-wrap gap-x-4 gap-y-1 font-mono text-xs text-quiet">
            {facts.map(([name, value]) => (
              <div key={name} className="flex gap-1.5">
                <dt>{name}</dt>
                <dd className="break-all select-all">{value}</dd>
              </div>
            ))}
          </dl>
        )}
        {onRetry && (
          <div className="mt-2">
            <Button size="sm" onClick={onRetry} isPending={isRetrying ?? false}>
              {error instanceof Outdated ? "Load the page anew" : "Try again"}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

function explain(error: unknown) {
  if (error instanceof Problem) {
    const { title, detail, hint, code, request_id: id } = error.body;
    const facts: [string, string][] = [["code", code]];
    if (id) {
      facts.push(["request", id]);
    }
    const waits = error.retryAfter === null ? null : `Try again in ${waitText(error.retryAfter)}.`;
    return {
      title,
      detail,
      hint: hint ?? waits,
      facts,
      icon: error.status === 403 ? ShieldAlert : TriangleAlert,
    };
  }
  if (error instanceof Unreachable) {
    return {
      title: "Heliograph does not answer",
      detail: "Check your network. What you have entered is kept.",
      hint: null,
      facts: [] as [string, string][],
      icon: CloudOff,
    };
  }
  if (error instanceof Outdated) {
    return {
      title: "Heliograph was updated",
      detail: error.message,
      hint: null,
      facts: [] as [string, string][],
      icon: RefreshCw,
    };
  }
  return {
    title: "This page failed",
    detail: error instanceof Error ? error.message : String(error),
    hint: "It is a fault of Heliograph's. Please report it with the words above.",
    facts: [] as [string, string][],
    icon: TriangleAlert,
  };
}

/** `45 s`, `12 min`: how long to wait, rounded up. */
export function waitText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}

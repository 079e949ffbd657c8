import { Problem } from "@/api/problem";
import type { components } from "@/api/schema";

/** A run as the API tells it. */
export type Run = components["schemas"]["QueryAnswer"];
export type RunError = components["schemas"]["QueryErrorAnswer"];

export type ParameterValue = string | null | (string | null)[];

/** What a run is asked with. */
export interface Question {
  connection_id: string;
  sql: string;
  params?: Record<string, ParameterValue> | ParameterValue[];
  /** 0: not from the cache. */
  cache_seconds?: number;
}

const OVER = new Set(["succeeded", "failed", "canceled", "expired"]);

/** Whether nothing will change about it any more. */
export function isOver(run: Run): boolean {
  return OVER.has(run.state);
}

/** Whether there are rows to look at: its own, or older ones that came with a failure. */
export function hasRows(run: Run): boolean {
  return run.columns !== null && run.rows !== null;
}

/** `1,204 rows`, `1 row`. */
export function rowsText(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "row" : "rows"}`;
}

/** `38 ms`, `4.2 s`, `3:05 min`. */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1000) {
    return `${Math.round(milliseconds)} ms`;
  }
  if (milliseconds < 59_950) {
    return `${(milliseconds / 1000).toFixed(1)} s`;
  }
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}

/** What the API refused, as the error of a run: a placeholder without a value is one, for example. */
export function runErrorOf(error: unknown): RunError | null {
  if (!(error instanceof Problem) || error.status !== 422) {
    return null;
  }
  const { code, detail, sqlstate, position, line, column, hint } = error.body;
  return {
    code,
    message: detail,
    sqlstate: sqlstate ?? null,
    position: position ?? null,
    line: line ?? null,
    column: column ?? null,
    hint: hint ?? null,
    detail: null,
  };
}

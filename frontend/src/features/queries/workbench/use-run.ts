import { useSyncExternalStore } from "react";
import type { Draft } from "../drafts/draft-store";
import type { ErrorMark } from "../editor/sql-editor";
import { paramsOf } from "../parameters/parameter-values";
import { type Question, type Run, type RunError, runErrorOf } from "../run/run";
import { NOTHING, type RunMachine, type RunSnapshot } from "../run/run-machine";
import { parseTemplate } from "../sql/placeholders";
import { offsetOf, pieceToRun } from "../sql/statements";
import type { Sent, Workspace } from "./workspace";

export function useRunSnapshot(machine: RunMachine): RunSnapshot {
  return useSyncExternalStore(machine.subscribe, () => machine.snapshot);
}

/**
 * Run what a tab would run now: the selection, else the statement at the cursor. False where there
 * is nothing to run.
 */
export function runDraft(
  workspace: Workspace,
  draft: Draft,
  connectionId: string,
  selection: { from: number; to: number },
  options: { isFresh?: boolean } = {},
): boolean {
  const piece = pieceToRun(draft.sql, selection.from, selection.to);
  if (!piece) {
    return false;
  }
  const params = paramsOf(parseTemplate(piece.text), draft.parameters);
  workspace.sent.set(draft.id, { piece, text: draft.sql });
  workspace.drafts.update(draft.id, { connectionId });
  void workspace.machine(draft.id).ask({
    connection_id: connectionId,
    sql: piece.text,
    ...(params === undefined ? {} : { params }),
    ...(options.isFresh ? { cache_seconds: 0 } : {}),
  });
  return true;
}

/** The question behind a run, to ask it anew and not from the cache. */
export function freshQuestion({ question, run }: RunSnapshot): Question | null {
  const asked = question ?? (run && questionOf(run));
  return asked && { ...asked, cache_seconds: 0 };
}

function questionOf(run: Run): Question | null {
  if (run.connection_id === null) {
    return null;
  }
  const params = run.params as NonNullable<Question["params"]> | null;
  return { connection_id: run.connection_id, sql: run.sql, ...(params ? { params } : {}) };
}

/** What the last run was refused or failed for; null while another one is under way. */
export function errorOf({ phase, run, error }: RunSnapshot = NOTHING): RunError | null {
  if (phase === "refused") {
    return runErrorOf(error);
  }
  return phase === "over" && run?.state === "failed" ? run.error : null;
}

/** A name with what stands before its dots, a placeholder, or any other sign. */
const WORD =
  /^(?:(?:"(?:[^"]|"")*"|[\p{L}\p{N}_$]+)(?:\.(?:"(?:[^"]|"")*"|[\p{L}\p{N}_$]+))*|\{\{.*?\}\}|.)/u;

/** Where the editor underlines it; null once the text is another one. */
export function markOf(
  error: RunError | null,
  sent: Sent | undefined,
  sql: string,
): ErrorMark | null {
  if (!error?.position || !sent || sent.text !== sql) {
    return null;
  }
  const from = offsetOf(sent.piece, error.position);
  const end = sent.piece.offset + sent.piece.text.length;
  const word = WORD.exec(sql.slice(from, end));
  const message = [error.message, error.hint].filter(Boolean).join("\n");
  // At the end of the text there is nothing to underline but what stands before it.
  return word
    ? { from, to: from + word[0].length, message }
    : { from: Math.max(0, sql.slice(0, end).trimEnd().length - 1), to: end, message };
}

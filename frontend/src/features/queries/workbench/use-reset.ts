import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { confirmAction } from "@/components/confirm";
import { notify } from "@/components/toast";
import { announce } from "@/lib/announce";
import { type ResetAnswer, useResetSession } from "../reset-session";
import type { Workspace } from "./workspace";

export interface Reset {
  /** What the last reset has done, until something is run. */
  done: ResetAnswer | null;
  isPending: boolean;
  ask: () => Promise<void>;
  dismiss: () => void;
}

/** Reset the session after asking, and begin with one empty tab. */
export function useReset(workspace: Workspace): Reset {
  const client = useQueryClient();
  const reset = useResetSession();
  const [done, setDone] = useState<ResetAnswer | null>(null);
  const ask = async () => {
    const count = workspace.drafts.state.drafts.length;
    const isSure = await confirmAction({
      title: "Reset the session?",
      detail: `All your queries that run are canceled, your connections to the databases are closed, and your results are dropped. ${count === 1 ? "The open tab is" : `The ${count} open tabs are`} closed, with what is written there. Saved things and the history stay.`,
      action: "Reset session",
      isDangerous: true,
    });
    if (!isSure) {
      return;
    }
    try {
      const answer = await reset.mutateAsync();
      workspace.clear();
      (await import("../editor/sql-editor")).forgetEditors();
      await client.resetQueries({ queryKey: ["queries"] });
      setDone(answer);
      announce(`The session was reset. ${resetText(answer)}`);
    } catch (error) {
      notify.failed(error);
    }
  };
  return { done, isPending: reset.isPending, ask, dismiss: () => setDone(null) };
}

/** `2 queries canceled, 1 connection closed, 5 results dropped.` */
export function resetText({ canceled, connections_closed, results_dropped }: ResetAnswer): string {
  const parts = [
    counted(canceled, "query", "queries", "canceled"),
    counted(connections_closed, "connection", "connections", "closed"),
    counted(results_dropped, "result", "results", "dropped"),
  ].filter((part) => part !== null);
  return parts.length > 0 ? `${parts.join(", ")}.` : "Nothing was under way and nothing was kept.";
}

function counted(count: number, one: string, many: string, done: string): string | null {
  return count === 0 ? null : `${count.toLocaleString("en")} ${count === 1 ? one : many} ${done}`;
}

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { SquarePen } from "lucide-react";
import { useEffect, useState } from "react";
import { useUser } from "@/api/use-session";
import { Button } from "@/components/button";
import { CopyButton } from "@/components/copy";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { SkeletonRows } from "@/components/skeleton";
import { Time } from "@/components/time";
import { usePageTitle } from "@/lib/page-title";
import { draftTitle } from "../drafts/draft-store";
import { getQuery } from "../get-query";
import { draftsOf } from "../parameters/parameter-values";
import type { Run } from "../run/run";
import { browserClock, runApi } from "../run/run-api";
import { RunMachine } from "../run/run-machine";
import { ResultArea } from "../workbench/result-area";
import { freshQuestion, useRunSnapshot } from "../workbench/use-run";
import { workspaceOf } from "../workbench/workspace";
import { StateTag } from "./state-tag";

const route = getRouteApi("/shell/queries/$queryId");

/** One run: its SQL, and its rows while they are kept. */
export function QueryPage() {
  const { queryId } = route.useParams();
  const { data, error, refetch, isRefetching } = useQuery(getQuery(queryId));
  if (error && !data) {
    return <ProblemView error={error} onRetry={() => void refetch()} isRetrying={isRefetching} />;
  }
  return data ? (
    <StoredRun key={queryId} stored={data} />
  ) : (
    <Page title="Query">
      <SkeletonRows count={8} />
    </Page>
  );
}

function StoredRun({ stored }: { stored: Run }) {
  const user = useUser();
  const navigate = useNavigate();
  const [machine] = useState(() => new RunMachine(runApi, browserClock));
  const snapshot = useRunSnapshot(machine);
  const [first] = useState(stored);
  usePageTitle(draftTitle({ name: "", sql: stored.sql }));
  useEffect(() => {
    void machine.adopt(first);
    return () => machine.clear();
  }, [machine, first]);
  const edit = () => {
    workspaceOf(user.id).drafts.open({
      sql: stored.sql,
      connectionId: stored.connection_id,
      parameters: draftsOf(stored.params),
    });
    void navigate({ to: "/queries/new", search: {} });
  };
  return (
    <Page
      title="Query"
      lead={
        <span className="flex flex-wrap items-center gap-2">
          <StateTag state={snapshot.run?.state ?? stored.state} />
          <span>
            asked <Time at={stored.requested_at} />
          </span>
        </span>
      }
      actions={
        <Button icon={SquarePen} variant="primary" onClick={edit}>
          Open in the editor
        </Button>
      }
    >
      <div className="mb-4 flex items-start gap-2 rounded-lg border border-line bg-sunken p-3">
        <section
          aria-label="SQL"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
          tabIndex={0}
          className="max-h-60 min-w-0 flex-1 overflow-auto font-mono text-sm whitespace-pre-wrap"
        >
          {stored.sql}
        </section>
        <CopyButton text={stored.sql} label="Copy the SQL" />
      </div>
      <section
        aria-label="Result"
        className="flex h-[32rem] flex-col overflow-hidden rounded-lg border border-line bg-surface"
      >
        <ResultArea
          snapshot={snapshot}
          onCancel={() => void machine.cancel()}
          onAbandon={() => machine.abandon()}
          onRetry={() => void machine.askAgain(stored.id)}
          onRunFresh={() => {
            const question = freshQuestion(snapshot);
            void (question ? machine.ask(question) : machine.askAgain(stored.id));
          }}
          onView={(run) => void machine.adopt(run)}
          onShowError={null}
        />
      </section>
    </Page>
  );
}

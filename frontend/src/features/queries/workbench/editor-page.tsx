import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Database } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useUser } from "@/api/use-session";
import { buttonClasses } from "@/components/button";
import { EmptyState } from "@/components/empty-state";
import { ProblemView } from "@/components/problem-view";
import { SkeletonRows } from "@/components/skeleton";
import { connectionChoicesQuery } from "../list-connections";
import { Workbench } from "./workbench";
import { type Workspace, workspaceOf } from "./workspace";

const route = getRouteApi("/shell/queries/new");

/** The SQL editor. */
export function EditorPage() {
  const user = useUser();
  const [workspace] = useState(() => workspaceOf(user.id));
  useSyncExternalStore(workspace.subscribe, workspace.snapshot);
  useEffect(() => workspace.attach(), [workspace]);
  useSearchAsDraft(workspace);
  const { data, error, refetch, isRefetching } = useQuery(connectionChoicesQuery);
  return (
    <div className="flex h-[calc(100dvh-3rem)] min-h-[34rem] min-w-0 flex-col">
      <h1 className="sr-only">SQL editor</h1>
      {error && !data ? (
        <ProblemView error={error} onRetry={() => void refetch()} isRetrying={isRefetching} />
      ) : !data ? (
        <SkeletonRows count={8} />
      ) : data.length === 0 ? (
        <NoConnection />
      ) : (
        <Workbench workspace={workspace} connections={data} />
      )}
    </div>
  );
}

function NoConnection() {
  return (
    <EmptyState
      icon={Database}
      title="There is no connection to ask"
      detail="Save a connection to a database, or have somebody give you a right to theirs."
      action={
        <Link to="/connections/new" className={buttonClasses("primary")}>
          Connect a database
        </Link>
      }
    />
  );
}

/** A link with SQL opens a tab with it, once; then the address is the editor's own again. */
function useSearchAsDraft(workspace: Workspace): void {
  const { connection, sql } = route.useSearch();
  const navigate = route.useNavigate();
  useEffect(() => {
    if (!connection && !sql) {
      return;
    }
    const { active } = workspace.drafts;
    const change = { ...(sql ? { sql } : {}), ...(connection ? { connectionId: connection } : {}) };
    if (active.sql.trim() === "" || (sql !== undefined && active.sql === sql)) {
      workspace.drafts.update(active.id, change);
      workspace.drafts.flush();
    } else {
      workspace.drafts.open(change);
    }
    void navigate({ search: {}, replace: true });
  }, [workspace, connection, sql, navigate]);
}

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import {
  ChevronDown,
  ChevronRight,
  History,
  RotateCw,
  SquarePen,
  SquareTerminal,
} from "lucide-react";
import { useEffect, useId, useState } from "react";
import { useListQuery } from "@/api/list-query";
import { hasRole, useUser } from "@/api/use-session";
import { Button, buttonClasses, IconButton } from "@/components/button";
import { EmptyState } from "@/components/empty-state";
import { inputClasses } from "@/components/field";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { Select } from "@/components/select";
import { SkeletonRows } from "@/components/skeleton";
import { Time } from "@/components/time";
import { cn } from "@/lib/cn";
import { connectionChoicesQuery } from "../list-connections";
import { fetchQueries, type HistoryFilters, type PastQuery } from "../list-queries";
import { draftsOf } from "../parameters/parameter-values";
import { durationText, rowsText } from "../run/run";
import { workspaceOf } from "../workbench/workspace";
import { QueryFacts } from "./query-facts";
import { StateTag } from "./state-tag";

const route = getRouteApi("/shell/queries/");

const states = [
  { value: "", label: "Any state" },
  { value: "succeeded", label: "Succeeded" },
  { value: "failed", label: "Failed" },
  { value: "canceled", label: "Canceled" },
  { value: "running", label: "Running" },
  { value: "queued", label: "Queued" },
] as const;

/** What was asked, the latest first. */
export function HistoryPage() {
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const user = useUser();
  const isAdmin = hasRole(user, "admin");
  const list = useListQuery<PastQuery>({
    queryKey: ["queries", "history", filters],
    fetchPage: (cursor, signal) => fetchQueries(filters, cursor, signal),
  });
  const set = (part: Partial<HistoryFilters>) => {
    const search = { ...filters, ...part } as typeof filters;
    void navigate({ search, replace: true });
  };
  const isFiltered = Object.values(filters).some(Boolean);
  return (
    <Page
      title="History"
      lead={
        isAdmin
          ? "What everybody has asked, the latest first."
          : "What you have asked, the latest first."
      }
      actions={
        <Link to="/queries/new" className={buttonClasses("primary")}>
          <SquareTerminal aria-hidden size={16} /> New query
        </Link>
      }
    >
      <Filters filters={filters} onChange={set} />
      <section
        aria-label="Runs"
        className="overflow-hidden rounded-lg border border-line bg-surface"
      >
        {list.error && list.items.length === 0 ? (
          <ProblemView error={list.error} onRetry={list.refetch} isRetrying={list.isRefetching} />
        ) : list.isPending ? (
          <SkeletonRows count={8} />
        ) : list.items.length === 0 ? (
          <Nothing
            isFiltered={isFiltered}
            onClear={() => void navigate({ search: {}, replace: true })}
          />
        ) : (
          <ul>
            {list.items.map((query) => (
              <HistoryRow key={query.id} query={query} showsWho={isAdmin} />
            ))}
          </ul>
        )}
      </section>
      {list.hasMore && (
        <div className="mt-3 flex justify-center">
          <Button onClick={list.loadMore} isPending={list.isLoadingMore}>
            Show older ones
          </Button>
        </div>
      )}
    </Page>
  );
}

function Filters(props: {
  filters: HistoryFilters;
  onChange: (part: Partial<HistoryFilters>) => void;
}) {
  const { filters, onChange } = props;
  const id = useId();
  const { data: connections = [] } = useQuery(connectionChoicesQuery);
  const [text, setText] = useState(filters.q ?? "");
  useEffect(() => setText(filters.q ?? ""), [filters.q]); // Cleared, or gone back to.
  return (
    <form
      className="mb-3 flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ q: text.trim() || undefined });
      }}
    >
      <input
        type="search"
        aria-label="Search in the SQL"
        placeholder="Search in the SQL"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={() => onChange({ q: text.trim() || undefined })}
        className={cn(inputClasses, "w-full sm:w-64")}
      />
      <Select
        aria-label="Connection"
        value={filters.connection ?? ""}
        onChange={(value) => onChange({ connection: value || undefined })}
        options={[
          { value: "", label: "Any connection" },
          ...connections.map((one) => ({ value: one.id, label: one.name })),
        ]}
        className="w-44"
      />
      <Select
        aria-label="State"
        value={filters.state ?? ""}
        onChange={(value: string) => onChange({ state: value || undefined })}
        options={states}
        className="w-36"
      />
      <Day
        id={`${id}-from`}
        label="From"
        value={filters.from}
        onChange={(from) => onChange({ from })}
      />
      <Day id={`${id}-to`} label="To" value={filters.to} onChange={(to) => onChange({ to })} />
    </form>
  );
}

interface DayProps {
  id: string;
  label: string;
  value: string | undefined;
  onChange: (day: string | undefined) => void;
}

function Day({ id, label, value, onChange }: DayProps) {
  return (
    <div className="flex items-center gap-1.5">
      <label htmlFor={id} className="text-sm text-quiet">
        {label}
      </label>
      <input
        id={id}
        type="date"
        value={value ?? ""}
        onChange={(event) => onChange(event.currentTarget.value || undefined)}
        className={cn(inputClasses, "w-38")}
      />
    </div>
  );
}

function HistoryRow({ query, showsWho }: { query: PastQuery; showsWho: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const user = useUser();
  const navigate = useNavigate();
  const open = (isRun: boolean) => {
    const workspace = workspaceOf(user.id);
    const draft = workspace.drafts.open({
      sql: query.sql,
      connectionId: query.connection_id,
      parameters: draftsOf(query.params),
    });
    if (isRun) {
      void workspace.machine(draft.id).askAgain(query.id);
    }
    void navigate({ to: "/queries/new", search: {} });
  };
  return (
    <li className="border-b border-line last:border-b-0">
      <div className="flex items-center gap-2 px-3 py-2 hover:bg-hover">
        <IconButton
          icon={isOpen ? ChevronDown : ChevronRight}
          size="sm"
          label={isOpen ? "Hide details" : "Show details"}
          aria-expanded={isOpen}
          aria-controls={id}
          onClick={() => setOpen(!isOpen)}
        />
        <div className="min-w-0 flex-1">
          <Link
            to="/queries/$queryId"
            params={{ queryId: query.id }}
            className="block truncate font-mono text-sm hover:underline"
          >
            {query.sql.trim().replaceAll(/\s+/g, " ")}
          </Link>
          <p className="flex flex-wrap items-center gap-x-3 text-sm text-quiet">
            <StateTag state={query.state} />
            <Time at={query.requested_at} />
            <span className="truncate">{query.connection_name ?? "A deleted connection"}</span>
            {query.row_count !== null && <span>{rowsText(query.row_count)}</span>}
            {query.duration_ms !== null && <span>{durationText(query.duration_ms)}</span>}
            {query.cached_at && <span>from the cache</span>}
            {showsWho && query.user_email && <span className="truncate">{query.user_email}</span>}
          </p>
        </div>
        <IconButton
          icon={SquarePen}
          size="sm"
          label="Open in the editor"
          onClick={() => open(false)}
        />
        <IconButton icon={RotateCw} size="sm" label="Run again" onClick={() => open(true)} />
      </div>
      <div id={id} hidden={!isOpen} className="border-t border-line bg-sunken px-4 py-3">
        {isOpen && <QueryFacts query={query} />}
      </div>
    </li>
  );
}

function Nothing({ isFiltered, onClear }: { isFiltered: boolean; onClear: () => void }) {
  return isFiltered ? (
    <EmptyState
      icon={History}
      title="Nothing like that was asked"
      detail="The filters above leave nothing."
      action={<Button onClick={onClear}>Clear the filters</Button>}
    />
  ) : (
    <EmptyState
      icon={History}
      title="Nothing was asked yet"
      detail="Every query that is run stands here for 180 days."
      action={
        <Link to="/queries/new" className={buttonClasses("secondary")}>
          Write one
        </Link>
      }
    />
  );
}

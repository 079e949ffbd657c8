import { useQueries } from "@tanstack/react-query";
import { RefreshCw, Search } from "lucide-react";
import { useMemo, useState } from "react";
import { IconButton } from "@/components/button";
import { inputClasses } from "@/components/field";
import { ProblemView } from "@/components/problem-view";
import { SkeletonRows } from "@/components/skeleton";
import { Time } from "@/components/time";
import { cn } from "@/lib/cn";
import { tableQuery } from "../get-schema";
import type { Table } from "./schema";
import { SchemaTree } from "./schema-tree";
import { schemaId, type TreeRow, tableId, treeRows } from "./tree-rows";
import type { KnownSchema } from "./use-schema";

export interface SchemaPanelProps {
  connectionId: string | null;
  schema: KnownSchema;
  opened: ReadonlySet<string>;
  onOpened: (opened: ReadonlySet<string>) => void;
  onInsert: (text: string) => void;
}

/** The tables of the connection's database, with a search. */
export function SchemaPanel({
  connectionId,
  schema,
  opened,
  onOpened,
  onInsert,
}: SchemaPanelProps) {
  const [search, setSearch] = useState("");
  const tables = useOpenedTables(connectionId, schema, opened);
  const rows = useMemo(
    () => (schema.answer ? treeRows(schema.answer, { opened, search: search.trim(), tables }) : []),
    [schema.answer, opened, search, tables],
  );
  const toggle = (row: TreeRow) => {
    const next = new Set(opened);
    if (!next.delete(row.id)) {
      next.add(row.id);
    }
    onOpened(next);
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex items-center gap-1 border-b border-line px-2 py-1.5">
        <label className="relative min-w-0 flex-1">
          <span className="sr-only">Search tables and columns</span>
          <Search
            aria-hidden
            size={14}
            className="pointer-events-none absolute top-1/2 left-2 -translate-y-1/2 text-quiet"
          />
          <input
            type="search"
            value={search}
            placeholder="Search tables and columns"
            onChange={(event) => setSearch(event.currentTarget.value)}
            className={cn(inputClasses, "h-7! pr-1! pl-7! text-sm!")}
          />
        </label>
        <IconButton
          icon={RefreshCw}
          size="sm"
          label="Read the schema again"
          disabled={!connectionId || schema.isReading || schema.isRefreshing}
          onClick={schema.refresh}
          className={cn((schema.isReading || schema.isRefreshing) && "animate-pulse")}
        />
      </div>
      <PanelBody connectionId={connectionId} schema={schema} rows={rows} search={search}>
        <SchemaTree rows={rows} onToggle={toggle} onInsert={onInsert} />
      </PanelBody>
      <PanelFoot schema={schema} />
    </div>
  );
}

function PanelBody(props: {
  connectionId: string | null;
  schema: KnownSchema;
  rows: readonly TreeRow[];
  search: string;
  children: React.ReactNode;
}) {
  const { connectionId, schema, rows, search, children } = props;
  const { answer } = schema;
  if (!connectionId) {
    return <Note>Choose a connection to see its tables.</Note>;
  }
  if (schema.error && !answer) {
    return (
      <div className="p-3">
        <ProblemView error={schema.error} onRetry={schema.refetch} isInline />
      </div>
    );
  }
  if (!answer || (answer.state === "reading" && answer.schemas.length === 0)) {
    return (
      <div className="min-h-0 flex-1 overflow-hidden">
        {answer && <Note>The server reads the schema…</Note>}
        <SkeletonRows count={8} />
      </div>
    );
  }
  if (rows.length === 0) {
    return (
      <Note>
        {search
          ? `Nothing is called “${search.trim()}”.`
          : "There is nothing that this connection's role may read."}
      </Note>
    );
  }
  return children;
}

function PanelFoot({ schema }: { schema: KnownSchema }) {
  const { answer, isReading, isRefreshing, refreshError } = schema;
  if (!answer) {
    return null;
  }
  const error = refreshError instanceof Error ? refreshError.message : answer.error?.message;
  return (
    <div className="border-t border-line px-3 py-1.5 text-xs text-quiet" role="status">
      {error ? (
        <p className="text-bad">
          The schema could not be read: {error} {answer.error?.hint}
        </p>
      ) : isReading || isRefreshing ? (
        "Reading the schema…"
      ) : (
        answer.read_at && (
          <>
            Read <Time at={answer.read_at} />
          </>
        )
      )}
      {answer.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </div>
  );
}

function Note({ children }: { children: React.ReactNode }) {
  return <p className="flex-1 px-3 py-4 text-sm text-quiet">{children}</p>;
}

/** Columns of opened tables, where the answer for the whole database had no room for them. */
function useOpenedTables(
  connectionId: string | null,
  { answer }: KnownSchema,
  opened: ReadonlySet<string>,
) {
  const wanted = useMemo(
    () =>
      (answer?.schemas ?? []).flatMap(({ name, tables }) =>
        (tables ?? [])
          .filter((table) => !table.columns && opened.has(tableId(name, table.name)))
          .map((table) => ({ schema: name, table: table.name })),
      ),
    [answer, opened],
  );
  const results = useQueries({
    queries: wanted.map(({ schema, table }) => tableQuery(connectionId ?? "", schema, table)),
    combine: (all) =>
      all.map(({ data, error }): Table | "loading" | "failed" =>
        data ? data : error ? "failed" : "loading",
      ),
  });
  return useMemo(
    () =>
      new Map(
        wanted.map(({ schema, table }, index) => [
          tableId(schema, table),
          results[index] ?? ("loading" as const),
        ]),
      ),
    [wanted, results],
  );
}

/** The schemas that are open, by name. */
export function openedSchemas(opened: ReadonlySet<string>): string[] {
  const prefix = schemaId("");
  return [...opened].filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length));
}

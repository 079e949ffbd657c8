import { getRouteApi } from "@tanstack/react-router";
import { Braces, Download, ScrollText, Table2 } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { Button } from "@/components/button";
import { type DataColumn, DataList } from "@/components/data-list";
import { Menu } from "@/components/menu";
import { Page } from "@/components/page";
import { Time } from "@/components/time";
import { notify } from "@/components/toast";
import { type AuditFilter, actionLabel } from "./audit-filter";
import { AuditFilters } from "./audit-filters";
import { EventDialog } from "./event-dialog";
import { actorName } from "./event-words";
import { exportAuditEvents } from "./export-audit-events";
import { type AuditEvent, useAuditEvents } from "./list-audit-events";

const route = getRouteApi("/shell/audit-events");

export function AuditEventsPage() {
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const list = useAuditEvents(useDeferredValue(filter));
  const [shown, setShown] = useState<AuditEvent | null>(null);
  const change = (changes: AuditFilter) =>
    void navigate({ search: (now) => ({ ...now, ...changes }), replace: true });
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return (
    <Page
      title="Audit record"
      lead="Who did what, and what it was before. Nobody can change it. It holds no passwords and no rows."
      actions={<ExportMenu filter={filter} />}
    >
      <DataList
        label="Events"
        list={list}
        rowKey={(row) => row.id}
        columns={columns(change)}
        search={{
          value: filter.q ?? "",
          label: "Search names and emails",
          onChange: (text) => change({ q: text || undefined }),
        }}
        filters={<AuditFilters filter={filter} onChange={change} />}
        rowActions={(row) => (
          <Button
            size="sm"
            variant="quiet"
            onClick={() => setShown(row)}
            aria-label={`Details of ${actionLabel(row.action)}`}
          >
            Details
          </Button>
        )}
        empty={{
          icon: ScrollText,
          title: isFiltered ? "Nothing like that was recorded" : "Nothing is recorded yet",
          detail: isFiltered
            ? "Take a filter away, or widen the time."
            : "It begins with the first sign-in.",
        }}
      />
      {shown && <EventDialog event={shown} onClose={() => setShown(null)} />}
    </Page>
  );
}

function columns(change: (changes: AuditFilter) => void): readonly DataColumn<AuditEvent>[] {
  return [
    {
      key: "at",
      title: "When",
      cell: (row) => (
        <span className="text-sm text-quiet">
          <Time at={row.at} />
        </span>
      ),
    },
    {
      key: "who",
      title: "Who",
      hidesOnPhone: true,
      cell: (row) => {
        const id = row.actor_id;
        return id === null ? (
          <span className="text-quiet">{actorName(row)}</span>
        ) : (
          <FilterButton
            label={`Only what ${actorName(row)} did`}
            onClick={() => change({ actor: id })}
          >
            {actorName(row)}
          </FilterButton>
        );
      },
    },
    {
      key: "what",
      title: "What",
      cell: (row) => (
        <span className="flex flex-col leading-tight">
          <span className="font-medium">{actionLabel(row.action)}</span>
          <span className="text-xs wrap-anywhere text-quiet sm:hidden">
            {actorName(row)}
            {row.object_name && row.object_name !== row.actor_email && ` · ${row.object_name}`}
          </span>
        </span>
      ),
    },
    {
      key: "object",
      title: "On",
      hidesOnPhone: true,
      cell: (row) => {
        const { object_id: id, object_type: type, object_name: name } = row;
        return id === null || type === null ? (
          <span className="text-quiet">{name}</span>
        ) : (
          <FilterButton
            label={`Only what was done to ${name ?? `this ${type}`}`}
            onClick={() => change({ object: id, type })}
          >
            {name ?? type.replaceAll("_", " ")}
          </FilterButton>
        );
      },
    },
  ];
}

function FilterButton(props: { label: string; onClick: () => void; children: string }) {
  return (
    <button
      type="button"
      title={props.label}
      onClick={props.onClick}
      className="min-h-6 max-w-72 truncate text-left hover:underline"
    >
      {props.children}
    </button>
  );
}

function ExportMenu({ filter }: { filter: AuditFilter }) {
  const [isPending, setPending] = useState(false);
  const start = (format: "csv" | "ndjson") => {
    setPending(true);
    exportAuditEvents(filter, format)
      .catch(notify.failed)
      .finally(() => setPending(false));
  };
  return (
    <Menu
      trigger={
        <Button icon={Download} isPending={isPending}>
          Export matching events
        </Button>
      }
      items={[
        { label: "CSV, for spreadsheets", icon: Table2, onSelect: () => start("csv") },
        { label: "NDJSON, for programs", icon: Braces, onSelect: () => start("ndjson") },
      ]}
    />
  );
}

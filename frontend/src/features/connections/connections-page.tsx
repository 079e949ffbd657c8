import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Copy, Database, Ellipsis, Pencil, PlugZap, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { personQuery } from "@/api/directory";
import { useUser } from "@/api/use-session";
import { Button, buttonClasses, IconButton } from "@/components/button";
import { type DataColumn, DataList } from "@/components/data-list";
import { Flash } from "@/components/flash";
import { Menu } from "@/components/menu";
import { Page } from "@/components/page";
import { Tag } from "@/components/tag";
import { notify } from "@/components/toast";
import { sortParam, sortText } from "@/lib/sorting";
import { exactTime } from "@/lib/times";
import { AskLink } from "./ask-link";
import type { Connection } from "./connection-values";
import { DeleteConnectionDialog } from "./delete-connection-dialog";
import { useConnections } from "./list-connections";
import { useLastTest, useTestConnection } from "./test-connection";
import { stepTitle } from "./test-steps";

const route = getRouteApi("/shell/connections/");

const COLUMNS: readonly DataColumn<Connection>[] = [
  {
    key: "name",
    title: "Name",
    sortBy: (row) => row.name,
    cell: (row) => (
      <Link
        to="/connections/$connectionId"
        params={{ connectionId: row.id }}
        className="inline-flex min-h-6 items-center font-medium hover:underline"
      >
        {row.name}
      </Link>
    ),
  },
  {
    key: "database",
    title: "Database",
    hidesOnPhone: true,
    sortBy: (row) => `${row.host} ${row.port} ${row.database}`,
    cell: (row) => (
      <span className="flex flex-col leading-tight">
        <span className="text-sm">{row.database}</span>
        <span className="font-mono text-xs text-quiet">
          {row.host}:{row.port}
        </span>
      </span>
    ),
  },
  {
    key: "engine",
    title: "Engine",
    hidesOnPhone: true,
    sortBy: (row) => row.engine,
    cell: (row) => <span className="text-quiet">{row.engine && ENGINES[row.engine]}</span>,
  },
  {
    key: "owner",
    title: "Made by",
    hidesOnPhone: true,
    cell: (row) => <Maker id={row.created_by} />,
  },
  { key: "status", title: "Status", cell: (row) => <Status connection={row} /> },
];

const ENGINES = { postgres: "PostgreSQL" } as const;

export function ConnectionsPage() {
  const { q, sort } = route.useSearch();
  const navigate = route.useNavigate();
  const list = useConnections();
  const [deleting, setDeleting] = useState<Connection | null>(null);
  return (
    <Page
      title="Connections"
      lead="The databases that you may ask, with the logins that Heliograph keeps for them."
      actions={<NewLink />}
    >
      <DataList
        label="Connections"
        list={list}
        rowKey={(row) => row.id}
        columns={COLUMNS}
        search={{
          value: q ?? "",
          label: "Search connections",
          onChange: (text) =>
            void navigate({
              search: (now) => ({ ...now, q: text || undefined }),
              replace: true,
            }),
        }}
        matches={(row, text) =>
          [row.name, row.host, row.database, row.username].some((part) =>
            part?.toLowerCase().includes(text.toLowerCase()),
          )
        }
        sort={sortParam(sort, ["name", "database", "engine"])}
        onSort={(by) =>
          void navigate({ search: (now) => ({ ...now, sort: sortText(by) }), replace: true })
        }
        rowActions={(row) => <RowActions connection={row} onDelete={() => setDeleting(row)} />}
        empty={{
          icon: Database,
          title: "No connection yet",
          detail: "A connection is a database and a login that can only read. It takes a minute.",
          action: <NewLink />,
        }}
      />
      <DeleteConnectionDialog
        connection={deleting}
        onClose={() => setDeleting(null)}
        onDeleted={() => {
          notify.done(`“${deleting?.name}” is deleted`);
          setDeleting(null);
        }}
      />
    </Page>
  );
}

function NewLink() {
  return (
    <Link to="/connections/new" className={buttonClasses("primary")}>
      <Plus aria-hidden size={16} />
      New connection
    </Link>
  );
}

function RowActions({ connection, onDelete }: { connection: Connection; onDelete: () => void }) {
  const navigate = route.useNavigate();
  const test = useTestConnection(connection.id);
  const open = () =>
    void navigate({ to: "/connections/$connectionId", params: { connectionId: connection.id } });
  return (
    <span className="inline-flex items-center gap-1">
      <AskLink id={connection.id} size="sm" />
      <Menu
        trigger={
          <IconButton icon={Ellipsis} size="sm" label={`More actions for ${connection.name}`} />
        }
        items={[
          {
            label: connection.can_edit ? "Edit" : "Look at it",
            icon: Pencil,
            onSelect: open,
          },
          {
            label: "Test",
            icon: PlugZap,
            onSelect: () => test.mutate(undefined, { onError: notify.failed }),
          },
          {
            label: "Duplicate",
            icon: Copy,
            onSelect: () =>
              void navigate({ to: "/connections/new", search: { from: connection.id } }),
          },
          ...(connection.can_edit
            ? [
                "separator" as const,
                { label: "Delete…", icon: Trash2, isDangerous: true, onSelect: onDelete },
              ]
            : []),
        ]}
      />
    </span>
  );
}

function Maker({ id }: { id: string | null }) {
  const me = useUser();
  const { data } = useQuery({ ...personQuery(id ?? ""), enabled: id !== null && id !== me.id });
  if (id === null) {
    return <span className="text-quiet">Heliograph</span>;
  }
  return <span>{id === me.id ? "You" : (data?.name ?? "")}</span>;
}

/** How the last test in this window went; testing is one click away. */
function Status({ connection }: { connection: Connection }) {
  const last = useLastTest(connection.id);
  const test = useTestConnection(connection.id);
  if (test.isPending) {
    return (
      <span className="inline-flex items-center gap-2 text-sm text-quiet">
        <Flash /> Testing
      </span>
    );
  }
  if (!last) {
    return (
      <Button
        size="sm"
        variant="quiet"
        icon={PlugZap}
        onClick={() => test.mutate(undefined, { onError: notify.failed })}
        aria-label={`Test ${connection.name}`}
        className="-ml-2.5 text-quiet"
      >
        Test
      </Button>
    );
  }
  const failed = last.steps.find((step) => !step.ok);
  return (
    <span title={`${failed?.message ?? "All steps went well."} ${exactTime(new Date(last.at))}`}>
      {failed ? (
        <Tag tone="bad">Fails: {stepTitle(failed.name)}</Tag>
      ) : (
        <Tag tone="good">Works</Tag>
      )}
    </span>
  );
}

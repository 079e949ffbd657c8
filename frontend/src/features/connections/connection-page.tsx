import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Copy, Ellipsis, Lock, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Problem } from "@/api/problem";
import { Button, IconButton } from "@/components/button";
import { Menu } from "@/components/menu";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { Skeleton } from "@/components/skeleton";
import { TabLinks } from "@/components/tabs";
import { notify } from "@/components/toast";
import { usePageTitle } from "@/lib/page-title";
import { AskLink } from "./ask-link";
import { useChangeConnection } from "./change-connection";
import { ConflictDialog } from "./conflict-dialog";
import { differencesOf, mergedOnto } from "./connection-differences";
import { ConnectionForm } from "./connection-form";
import { type Connection, isChanged, toChanges, valuesOf } from "./connection-values";
import { DeleteConnectionDialog } from "./delete-connection-dialog";
import { connectionQuery } from "./get-connection";

const route = getRouteApi("/shell/connections/$connectionId");

export interface ConnectionPageProps {
  /** Who may use it: drawn by another feature. */
  renderSharing: (connection: Connection) => ReactNode;
}

export function ConnectionPage({ renderSharing }: ConnectionPageProps) {
  const { connectionId } = route.useParams();
  const { part } = route.useSearch();
  const { data, error, refetch, isRefetching } = useQuery({
    ...connectionQuery(connectionId),
    refetchOnWindowFocus: false, // The form must not change below the hands of who types.
  });
  usePageTitle(data?.name);
  if (error && !data) {
    return (
      <Page title="Connection">
        <ProblemView error={error} onRetry={() => void refetch()} isRetrying={isRefetching} />
      </Page>
    );
  }
  if (!data) {
    return (
      <Page title="Connection">
        <Skeleton className="h-96 w-full" />
      </Page>
    );
  }
  const isSharing = part === "sharing" && data.can_edit;
  return (
    <Page
      title={data.name}
      lead={`${data.username}@${data.host}:${data.port}/${data.database}`}
      actions={<Actions connection={data} />}
    >
      {data.can_edit ? (
        <TabLinks
          label="Parts of the connection"
          tabs={[
            { label: "Settings", search: { part: undefined }, isActive: !isSharing },
            { label: "Sharing", search: { part: "sharing" }, isActive: isSharing },
          ]}
        />
      ) : (
        <p className="mb-5 flex gap-2 rounded-md border border-line bg-sunken px-3 py-2">
          <Lock aria-hidden size={16} className="mt-1 shrink-0 text-quiet" />
          It is shared with you to use. To change it you need the right to edit, which those who may
          edit it, and admins, can give you.
        </p>
      )}
      {isSharing ? renderSharing(data) : <Editing key={data.id} connection={data} />}
    </Page>
  );
}

function Actions({ connection }: { connection: Connection }) {
  const navigate = route.useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const client = useQueryClient();
  const items = [
    {
      label: "Duplicate",
      icon: Copy,
      onSelect: () => void navigate({ to: "/connections/new", search: { from: connection.id } }),
    },
    ...(connection.can_edit
      ? [
          {
            label: "Delete…",
            icon: Trash2,
            isDangerous: true,
            onSelect: () => setDeleting(true),
          },
        ]
      : []),
  ];
  return (
    <>
      <AskLink id={connection.id} />
      <Menu trigger={<IconButton icon={Ellipsis} label="More actions" />} items={items} />
      <DeleteConnectionDialog
        connection={isDeleting ? connection : null}
        onClose={() => setDeleting(false)}
        onDeleted={() => {
          setDeleting(false);
          notify.done(`“${connection.name}” is deleted`);
          void navigate({ to: "/connections", ignoreBlocker: true }).then(() =>
            client.removeQueries({ queryKey: ["connections", connection.id] }),
          );
        }}
      />
    </>
  );
}

/** The form of a saved connection, and what happens when somebody else saves meanwhile. */
function Editing({ connection }: { connection: Connection }) {
  const [base, setBase] = useState(connection);
  const [values, setValues] = useState(() => valuesOf(connection));
  const [conflicting, setConflicting] = useState<Connection | null>(null);
  const change = useChangeConnection(connection.id);
  const client = useQueryClient();
  const before = valuesOf(base);
  const adopt = (saved: Connection) => {
    client.setQueryData(["connections", saved.id], saved);
    setBase(saved);
    setValues(valuesOf(saved));
    setConflicting(null);
  };
  const send = (from: Connection) =>
    change.mutateAsync({ ...toChanges(before, values), version: from.version });
  const save = async () => {
    try {
      return await send(base);
    } catch (error) {
      if (error instanceof Problem && error.code === "conflict") {
        setConflicting(
          await client.fetchQuery({ ...connectionQuery(connection.id), staleTime: 0 }),
        );
      }
      throw error;
    }
  };
  const overwrite = (theirs: Connection) =>
    send(theirs).then(adopt, (error: unknown) => {
      setBase(theirs);
      setValues(mergedOnto(valuesOf(theirs), before, values));
      setConflicting(null);
      notify.failed(error);
    });
  return (
    <>
      <ConnectionForm
        connection={base}
        before={before}
        values={values}
        onChange={setValues}
        isDirty={isChanged(before, values)}
        save={save}
        onSaved={adopt}
        isDisabled={!connection.can_edit}
        secondary={
          isChanged(before, values) && (
            <Button variant="quiet" onClick={() => setValues(before)}>
              Discard changes
            </Button>
          )
        }
      />
      {conflicting && (
        <ConflictDialog
          isOpen
          differences={differencesOf(before, valuesOf(conflicting), values)}
          isSaving={change.isPending}
          onTakeTheirs={() => adopt(conflicting)}
          onSaveMine={() => void overwrite(conflicting)}
          onClose={() => setConflicting(null)}
        />
      )}
    </>
  );
}

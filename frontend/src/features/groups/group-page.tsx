import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Trash2, UserPlus, UsersRound, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { Group, Person } from "@/api/directory";
import { Button, IconButton } from "@/components/button";
import { confirmAction } from "@/components/confirm";
import { type DataColumn, DataList } from "@/components/data-list";
import { Field, TextInput } from "@/components/field";
import { Page } from "@/components/page";
import { Panel } from "@/components/panel";
import { PersonPicker } from "@/components/person-picker";
import type { PickerItem } from "@/components/picker";
import { ProblemView } from "@/components/problem-view";
import { RoleTag } from "@/components/role-tag";
import { Skeleton } from "@/components/skeleton";
import { Tag } from "@/components/tag";
import { notify } from "@/components/toast";
import { announce } from "@/lib/announce";
import { usePageTitle } from "@/lib/page-title";
import { useAddMember, useDeleteGroup, useRemoveMember, useRenameGroup } from "./change-groups";
import { groupQuery, useMembers } from "./get-group";
import { GroupNameProblem, groupNameError } from "./group-name";

const route = getRouteApi("/shell/groups/$groupId");

export function GroupPage() {
  const { groupId } = route.useParams();
  const { data, error, refetch } = useQuery(groupQuery(groupId));
  usePageTitle(data?.name);
  if (error && !data) {
    return (
      <Page title="Group" width="narrow">
        <ProblemView error={error} onRetry={() => void refetch()} />
      </Page>
    );
  }
  if (!data) {
    return (
      <Page title="Group" width="narrow">
        <Skeleton className="h-80 w-full" />
      </Page>
    );
  }
  return (
    <Page
      title={data.name}
      lead={data.member_count === 1 ? "1 member" : `${data.member_count} members`}
      width="narrow"
    >
      <div className="flex flex-col gap-4">
        <Members group={data} />
        <Rename key={data.name} group={data} />
        <Removal group={data} />
      </div>
    </Page>
  );
}

const COLUMNS: readonly DataColumn<Person>[] = [
  {
    key: "name",
    title: "Name",
    cell: (row) => (
      <span className="flex flex-col leading-tight">
        <Link
          to="/users/$userId"
          params={{ userId: row.id }}
          className="inline-flex min-h-6 items-center font-medium hover:underline"
        >
          {row.name}
        </Link>
        <span className="text-xs wrap-anywhere text-quiet">{row.email}</span>
      </span>
    ),
  },
  {
    key: "role",
    title: "Role",
    cell: (row) => (
      <span className="flex flex-wrap gap-1">
        <RoleTag role={row.role} />
        {!row.is_active && <Tag tone="bad">Deactivated</Tag>}
      </span>
    ),
  },
];

function Members({ group }: { group: Group }) {
  const members = useMembers(group.id);
  const add = useAddMember(group.id);
  const remove = useRemoveMember(group.id);
  const [chosen, setChosen] = useState<PickerItem | null>(null);
  const [turn, setTurn] = useState(0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (chosen) {
      add.mutate(chosen.id, {
        onSuccess: () => {
          announce(`${chosen.label} is a member`);
          setChosen(null);
          setTurn(turn + 1);
        },
      });
    }
  };
  return (
    <Panel title="Members">
      <form onSubmit={submit} className="flex flex-wrap items-end gap-2">
        <Field label="Add somebody" className="min-w-0 flex-1 basis-48">
          {(control) => (
            <PersonPicker
              key={turn}
              {...control}
              value={chosen}
              onChange={setChosen}
              without={members.items.map(({ id }) => id)}
              placeholder="Name or email"
            />
          )}
        </Field>
        <Button
          type="submit"
          variant="primary"
          icon={UserPlus}
          isPending={add.isPending}
          disabled={!chosen}
        >
          Add
        </Button>
      </form>
      {add.error && <ProblemView error={add.error} isInline />}
      <DataList
        label="Members"
        list={members}
        rowKey={(row) => row.id}
        columns={COLUMNS}
        rowActions={(row) => (
          <IconButton
            icon={X}
            size="sm"
            label={`Remove ${row.name}`}
            onClick={() =>
              remove.mutate(row.id, {
                onSuccess: () =>
                  notify.done(`${row.name} is no longer a member`, {
                    undo: () => add.mutate(row.id, { onError: notify.failed }),
                  }),
                onError: notify.failed,
              })
            }
          />
        )}
        empty={{
          icon: UsersRound,
          title: "Nobody is in it yet",
          detail: "Add the first member above.",
        }}
      />
    </Panel>
  );
}

function Rename({ group }: { group: Group }) {
  const [name, setName] = useState(group.name);
  const { mutate, isPending, error } = useRenameGroup(group.id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate(name, { onSuccess: () => notify.done("Renamed") });
  };
  return (
    <Panel title="Rename" lead="Policies of row-level security see the names of groups.">
      <form onSubmit={submit} className="flex flex-wrap items-start gap-2">
        <Field
          label="Name of the group"
          error={groupNameError(error)}
          className="min-w-0 flex-1 basis-48"
        >
          {(control) => (
            <TextInput
              {...control}
              value={name}
              required
              maxLength={100}
              autoComplete="off"
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <Button
          type="submit"
          isPending={isPending}
          disabled={name.trim() === group.name || name.trim() === ""}
          className="mt-6.5"
        >
          Rename
        </Button>
      </form>
      <GroupNameProblem error={error} />
    </Panel>
  );
}

function Removal({ group }: { group: Group }) {
  const navigate = route.useNavigate();
  const { mutate, isPending, error } = useDeleteGroup();
  const ask = async () => {
    const isSure = await confirmAction({
      title: `Delete the group “${group.name}”?`,
      detail:
        "What was shared with it is no longer shared, and its members lose what they had through it. The people stay. This cannot be undone.",
      action: "Delete group",
      isDangerous: true,
    });
    if (isSure) {
      mutate(group.id, {
        onSuccess: () => {
          notify.done(`“${group.name}” is deleted`);
          void navigate({ to: "/groups" });
        },
      });
    }
  };
  return (
    <Panel
      title="Delete"
      lead="With a group goes what was shared with it."
      actions={
        <Button variant="danger" icon={Trash2} isPending={isPending} onClick={() => void ask()}>
          Delete group
        </Button>
      }
    >
      {error && <ProblemView error={error} isInline />}
    </Panel>
  );
}

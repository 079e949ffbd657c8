import { getRouteApi, Link } from "@tanstack/react-router";
import { Plus, UsersRound } from "lucide-react";
import { type FormEvent, useDeferredValue, useId, useState } from "react";
import type { Group } from "@/api/directory";
import { Button } from "@/components/button";
import { type DataColumn, DataList } from "@/components/data-list";
import { Dialog } from "@/components/dialog";
import { Field, TextInput } from "@/components/field";
import { Page } from "@/components/page";
import { Time } from "@/components/time";
import { sortParam, sortText } from "@/lib/sorting";
import { useCreateGroup } from "./change-groups";
import { GroupNameProblem, groupNameError } from "./group-name";
import { useGroups } from "./list-groups";

const route = getRouteApi("/shell/groups/");

const COLUMNS: readonly DataColumn<Group>[] = [
  {
    key: "name",
    title: "Name",
    sortBy: (row) => row.name,
    cell: (row) => (
      <Link
        to="/groups/$groupId"
        params={{ groupId: row.id }}
        className="inline-flex min-h-6 items-center font-medium hover:underline"
      >
        {row.name}
      </Link>
    ),
  },
  {
    key: "members",
    title: "Members",
    align: "end",
    sortBy: (row) => row.member_count,
    cell: (row) => row.member_count,
  },
  {
    key: "created",
    title: "Made",
    hidesOnPhone: true,
    align: "end",
    sortBy: (row) => row.created_at,
    cell: (row) => (
      <span className="text-quiet">
        <Time at={row.created_at} />
      </span>
    ),
  },
];

export function GroupsPage() {
  const { q, sort, new: isNew } = route.useSearch();
  const navigate = route.useNavigate();
  const list = useGroups(useDeferredValue(q));
  const open = (isOpen: boolean) =>
    void navigate({ search: (now) => ({ ...now, new: isOpen || undefined }), replace: true });
  return (
    <Page
      title="Groups"
      lead="Share with a group once: who joins it has it, who leaves it does not."
      actions={
        <Button variant="primary" icon={Plus} onClick={() => open(true)}>
          New group
        </Button>
      }
    >
      <DataList
        label="Groups"
        list={list}
        rowKey={(row) => row.id}
        columns={COLUMNS}
        search={{
          value: q ?? "",
          label: "Search groups",
          onChange: (text) =>
            void navigate({ search: (now) => ({ ...now, q: text || undefined }), replace: true }),
        }}
        sort={sortParam(sort, ["name", "members", "created"])}
        onSort={(by) =>
          void navigate({ search: (now) => ({ ...now, sort: sortText(by) }), replace: true })
        }
        empty={{
          icon: UsersRound,
          title: "No group yet",
          detail: "A group is a team, a region, a project: whoever is to see the same.",
          action: <Button onClick={() => open(true)}>Make the first group</Button>,
        }}
      />
      {isNew && <NewGroupDialog onClose={() => open(false)} />}
    </Page>
  );
}

function NewGroupDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const navigate = route.useNavigate();
  const [name, setName] = useState("");
  const { mutate, isPending, isSuccess, error } = useCreateGroup();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate(name, {
      onSuccess: (group) =>
        void navigate({ to: "/groups/$groupId", params: { groupId: group.id }, replace: true }),
    });
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      size="sm"
      title="New group"
      description="You add its members next."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={id}
            variant="primary"
            isPending={isPending || isSuccess} // Its page comes: a second Enter makes no other.
          >
            Make group
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={submit} className="flex flex-col gap-3">
        <Field label="Name" error={groupNameError(error)}>
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
        <GroupNameProblem error={error} />
      </form>
    </Dialog>
  );
}

import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Ban, MailPlus, UserPlus } from "lucide-react";
import { allGroupsQuery, personQuery } from "@/api/directory";
import { Button } from "@/components/button";
import { confirmAction } from "@/components/confirm";
import { type DataColumn, DataList } from "@/components/data-list";
import { Page } from "@/components/page";
import { RoleTag } from "@/components/role-tag";
import { Tag } from "@/components/tag";
import { Time } from "@/components/time";
import { notify } from "@/components/toast";
import { sortParam, sortText } from "@/lib/sorting";
import { type Invitation, useRevokeInvitation } from "./change-invitations";
import { InvitationDialog } from "./invitation-dialog";
import { useInvitations } from "./list-invitations";

const route = getRouteApi("/shell/invitations");
const ENDS_SOON_MS = 24 * 3_600_000;

const COLUMNS: readonly DataColumn<Invitation>[] = [
  {
    key: "email",
    title: "Email",
    sortBy: (row) => row.email,
    cell: (row) => <span className="font-medium wrap-anywhere">{row.email}</span>,
  },
  {
    key: "role",
    title: "Role",
    sortBy: (row) => row.role,
    cell: (row) => <RoleTag role={row.role} />,
  },
  {
    key: "groups",
    title: "Groups",
    hidesOnPhone: true,
    cell: (row) => <GroupNames ids={row.group_ids} />,
  },
  {
    key: "by",
    title: "Invited by",
    hidesOnPhone: true,
    cell: (row) => <Maker id={row.created_by} />,
  },
  {
    key: "expires",
    title: "State",
    sortBy: (row) => row.expires_at,
    cell: (row) => <State expiresAt={row.expires_at} />,
  },
];

export function InvitationsPage() {
  const { q, sort, new: isNew } = route.useSearch();
  const navigate = route.useNavigate();
  const list = useInvitations();
  const open = (isOpen: boolean) =>
    void navigate({ search: (now) => ({ ...now, new: isOpen || undefined }), replace: true });
  return (
    <Page
      title="Invitations"
      lead="Who is invited and has not come yet. A link works once, for 7 days."
      actions={
        <Button variant="primary" icon={UserPlus} onClick={() => open(true)}>
          Invite somebody
        </Button>
      }
    >
      <DataList
        label="Invitations"
        list={list}
        rowKey={(row) => row.id}
        columns={COLUMNS}
        search={{
          value: q ?? "",
          label: "Search by email",
          onChange: (text) =>
            void navigate({ search: (now) => ({ ...now, q: text || undefined }), replace: true }),
        }}
        matches={(row, text) => row.email.includes(text.toLowerCase())}
        sort={sortParam(sort, ["email", "role", "expires"])}
        onSort={(by) =>
          void navigate({ search: (now) => ({ ...now, sort: sortText(by) }), replace: true })
        }
        rowActions={(row) => <Revoke invitation={row} />}
        empty={{
          icon: MailPlus,
          title: "Nobody is waiting",
          detail: "An invitation is a link that you hand to one person, with their role in it.",
          action: <Button onClick={() => open(true)}>Invite somebody</Button>,
        }}
      />
      {isNew && <InvitationDialog onClose={() => open(false)} />}
    </Page>
  );
}

function State({ expiresAt }: { expiresAt: string }) {
  const left = Date.parse(expiresAt) - Date.now();
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      {left <= 0 ? (
        <Tag tone="bad">Expired</Tag>
      ) : (
        <Tag tone={left < ENDS_SOON_MS ? "warn" : "good"}>Waiting</Tag>
      )}
      <span className="text-sm text-quiet">
        {left <= 0 ? "" : "ends "}
        <Time at={expiresAt} />
      </span>
    </span>
  );
}

function Revoke({ invitation }: { invitation: Invitation }) {
  const { mutate, isPending } = useRevokeInvitation();
  const ask = async () => {
    const isSure = await confirmAction({
      title: `Take back the invitation of ${invitation.email}?`,
      detail: "Its link works no longer. You can invite them again, with another link.",
      action: "Take back",
      isDangerous: true,
    });
    if (isSure) {
      mutate(invitation.id, {
        onSuccess: () => notify.done(`The invitation of ${invitation.email} is taken back`),
        onError: notify.failed,
      });
    }
  };
  return (
    <Button
      size="sm"
      variant="quiet"
      icon={Ban}
      isPending={isPending}
      onClick={() => void ask()}
      aria-label={`Take back the invitation of ${invitation.email}`}
    >
      <span className="max-sm:hidden">Take back</span>
    </Button>
  );
}

function GroupNames({ ids }: { ids: readonly string[] }) {
  const { data = [] } = useQuery({ ...allGroupsQuery(), enabled: ids.length > 0 });
  const names = data.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
  return <span className="text-quiet">{names.join(", ")}</span>;
}

function Maker({ id }: { id: string | null }) {
  const { data } = useQuery({ ...personQuery(id ?? ""), enabled: id !== null });
  return <span className="text-quiet">{id === null ? "Heliograph" : data?.name}</span>;
}

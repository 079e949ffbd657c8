import { getRouteApi, Link } from "@tanstack/react-router";
import { CircleHelp, UserPlus, Users } from "lucide-react";
import { useDeferredValue } from "react";
import type { Person } from "@/api/directory";
import { buttonClasses } from "@/components/button";
import { type DataColumn, DataList } from "@/components/data-list";
import { Page } from "@/components/page";
import { RoleTag } from "@/components/role-tag";
import { Select } from "@/components/select";
import { Tag } from "@/components/tag";
import { Time } from "@/components/time";
import { ROLE_OPTIONS, type RoleName } from "@/lib/roles";
import { sortParam, sortText } from "@/lib/sorting";
import { useUsers } from "./list-users";

const route = getRouteApi("/shell/users/");

const COLUMNS: readonly DataColumn<Person>[] = [
  {
    key: "name",
    title: "Name",
    sortBy: (row) => row.name,
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
    sortBy: (row) => row.role,
    cell: (row) => <RoleTag role={row.role} />,
  },
  {
    key: "claims",
    title: "Claims",
    hidesOnPhone: true,
    cell: (row) => (
      <span className="font-mono text-xs text-quiet">
        {Object.keys(row.claims ?? {}).join(", ")}
      </span>
    ),
  },
  {
    key: "signed-in",
    title: "Last signed in",
    hidesOnPhone: true,
    sortBy: (row) => row.last_signed_in_at,
    cell: (row) =>
      row.last_signed_in_at ? (
        <span className="text-quiet">
          <Time at={row.last_signed_in_at} />
        </span>
      ) : (
        <span className="text-quiet">Never</span>
      ),
  },
  {
    key: "status",
    title: "Status",
    cell: (row) =>
      row.is_active ? <Tag tone="good">Active</Tag> : <Tag tone="bad">Deactivated</Tag>,
  },
];

const STATUS = [
  { value: "", label: "Active or not" },
  { value: "active", label: "Active" },
  { value: "deactivated", label: "Deactivated" },
] as const;

export function UsersPage() {
  const { q, role, status, sort } = route.useSearch();
  const navigate = route.useNavigate();
  const search = useDeferredValue(q);
  const list = useUsers({
    search,
    role,
    isActive: status === undefined ? undefined : status === "active",
  });
  const isFiltered = role !== undefined || status !== undefined;
  return (
    <Page
      title="People"
      lead="Who can sign in, and what they may do. People come by invitation and are never deleted, so that what they did keeps its author."
      actions={
        <>
          <Link to="/roles" className={buttonClasses("quiet")}>
            <CircleHelp aria-hidden size={16} />
            What roles may do
          </Link>
          <InviteLink />
        </>
      }
    >
      <DataList
        label="People"
        list={list}
        rowKey={(row) => row.id}
        columns={COLUMNS}
        search={{
          value: q ?? "",
          label: "Search by name or email",
          onChange: (text) =>
            void navigate({ search: (now) => ({ ...now, q: text || undefined }), replace: true }),
        }}
        filters={
          <>
            <Select<RoleName | "">
              aria-label="Role"
              value={role ?? ""}
              onChange={(value) =>
                void navigate({
                  search: (now) => ({ ...now, role: value || undefined }),
                  replace: true,
                })
              }
              options={[{ value: "", label: "Every role" }, ...ROLE_OPTIONS]}
              className="w-36"
            />
            <Select<(typeof STATUS)[number]["value"]>
              aria-label="Status"
              value={status ?? ""}
              onChange={(value) =>
                void navigate({
                  search: (now) => ({ ...now, status: value || undefined }),
                  replace: true,
                })
              }
              options={STATUS}
              className="w-40"
            />
          </>
        }
        sort={sortParam(sort, ["name", "role", "signed-in"])}
        onSort={(by) =>
          void navigate({ search: (now) => ({ ...now, sort: sortText(by) }), replace: true })
        }
        empty={{
          icon: Users,
          title: isFiltered ? "Nobody is like that" : "Nobody is here yet",
          detail: isFiltered
            ? "Choose another role or status, or invite somebody."
            : "Invite the people who are to see or ask something.",
          action: <InviteLink />,
        }}
      />
    </Page>
  );
}

function InviteLink() {
  return (
    <Link to="/invitations" search={{ new: true }} className={buttonClasses("primary")}>
      <UserPlus aria-hidden size={16} />
      Invite somebody
    </Link>
  );
}

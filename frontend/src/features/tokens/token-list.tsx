import { KeyRound, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { confirmAction } from "@/components/confirm";
import { type DataColumn, DataList } from "@/components/data-list";
import { Tag } from "@/components/tag";
import { Time } from "@/components/time";
import { notify } from "@/components/toast";
import { type Token, useRevokeToken } from "./change-tokens";
import { useTokens } from "./list-tokens";

const COLUMNS: readonly DataColumn<Token>[] = [
  {
    key: "name",
    title: "Name",
    cell: (row) => (
      <span className="flex flex-col leading-tight">
        <span className="font-medium wrap-anywhere">{row.name}</span>
        <span className="font-mono text-xs text-quiet">{row.hint}…</span>
      </span>
    ),
  },
  {
    key: "scopes",
    title: "May",
    cell: (row) => (
      <span className="flex gap-1">
        {row.scopes.map((scope) => (
          <Tag key={scope}>{scope}</Tag>
        ))}
      </span>
    ),
  },
  {
    key: "used",
    title: "Last used",
    hidesOnPhone: true,
    cell: (row) => (
      <span className="text-quiet">
        {row.last_used_at ? <Time at={row.last_used_at} /> : "Never"}
      </span>
    ),
  },
  {
    key: "expires",
    title: "Ends",
    hidesOnPhone: true,
    cell: (row) =>
      Date.parse(row.expires_at) <= Date.now() ? (
        <Tag tone="bad">Expired</Tag>
      ) : (
        <span className="text-quiet">
          <Time at={row.expires_at} />
        </span>
      ),
  },
];

export interface TokenListProps {
  /** Whose; one's own by default. */
  userId?: string;
  emptyDetail: string;
  emptyAction?: ReactNode;
}

/** Personal tokens, and an end to each of them. */
export function TokenList({ userId, emptyDetail, emptyAction }: TokenListProps) {
  const list = useTokens(userId);
  const revoke = useRevokeToken();
  const ask = async (token: Token) => {
    const isSure = await confirmAction({
      title: `Revoke “${token.name}”?`,
      detail: "Whatever uses it is refused from now on. This cannot be undone.",
      action: "Revoke",
      isDangerous: true,
    });
    if (isSure) {
      revoke.mutate(token.id, {
        onSuccess: () => notify.done(`“${token.name}” is revoked`),
        onError: notify.failed,
      });
    }
  };
  return (
    <DataList
      label="Personal tokens"
      list={list}
      rowKey={(row) => row.id}
      columns={COLUMNS}
      rowActions={(row) => (
        <Button
          size="sm"
          variant="quiet"
          icon={Trash2}
          onClick={() => void ask(row)}
          aria-label={`Revoke ${row.name}`}
        >
          <span className="max-sm:hidden">Revoke</span>
        </Button>
      )}
      empty={{
        icon: KeyRound,
        title: "No token",
        detail: emptyDetail,
        action: emptyAction,
      }}
    />
  );
}

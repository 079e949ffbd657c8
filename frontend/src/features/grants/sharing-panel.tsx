import { Building2, User, Users, X } from "lucide-react";
import { useUser } from "@/api/use-session";
import { IconButton } from "@/components/button";
import { confirmAction } from "@/components/confirm";
import { ProblemView } from "@/components/problem-view";
import { Select } from "@/components/select";
import { SkeletonRows } from "@/components/skeleton";
import { notify } from "@/components/toast";
import { AccessExplainer } from "./access-explainer";
import { type Grant, type GrantRequest, type Level, useGiveGrant } from "./give-grant";
import { LEVELS } from "./levels";
import { useGrants } from "./list-grants";
import { NewGrantForm } from "./new-grant-form";
import { useWithdrawGrant } from "./withdraw-grant";

const ICONS = { user: User, group: Users, everyone: Building2 } as const;

export interface SharingPanelProps {
  objectType: string;
  objectId: string;
  objectName: string;
}

/** Who may use an object: give, change, take back, and ask why somebody can. */
export function SharingPanel({ objectType, objectId, objectName }: SharingPanelProps) {
  const grants = useGrants(objectType, objectId);
  return (
    <div className="grid gap-4 xl:grid-cols-[minmax(0,1fr)_21rem] xl:items-start xl:gap-6">
      <section
        aria-labelledby="sharing-heading"
        className="overflow-hidden rounded-lg border border-line bg-surface"
      >
        <header className="px-4 pt-4 sm:px-5">
          <h2 id="sharing-heading" className="text-base font-semibold">
            Shared with
          </h2>
          <p className="mt-0.5 text-sm text-quiet">
            Admins may always do everything. Viewers never edit, whatever is granted.
          </p>
        </header>
        <NewGrantForm objectType={objectType} objectId={objectId} grants={grants.items} />
        {grants.isPending && <SkeletonRows count={3} />}
        {grants.error !== null && (
          <ProblemView error={grants.error} onRetry={grants.refetch} isInline />
        )}
        {!grants.isPending && grants.items.length === 0 && (
          <p className="border-t border-line px-5 py-6 text-quiet">
            Nobody but admins sees “{objectName}” yet.
          </p>
        )}
        <ul aria-label="Shared with">
          {grants.items.map((grant) => (
            <GrantRow key={grant.id} grant={grant} objectId={objectId} />
          ))}
        </ul>
      </section>
      <AccessExplainer objectType={objectType} objectId={objectId} />
    </div>
  );
}

function GrantRow({ grant, objectId }: { grant: Grant; objectId: string }) {
  const me = useUser();
  const give = useGiveGrant();
  const withdraw = useWithdrawGrant();
  const { grantee } = grant;
  const Icon = ICONS[grantee.type];
  const isMe = grantee.id === me.id;
  const name = grantee.type === "everyone" ? "Everyone" : (grantee.name ?? "");
  const isInherited = grant.object_id !== objectId;
  const again = (level: Level): GrantRequest => ({
    object_type: grant.object_type,
    object_id: grant.object_id,
    grantee: { type: grantee.type, id: grantee.id },
    level,
  });
  const losesAccess = isMe && me.role !== "admin";
  const change = async (level: Level) => {
    if (losesAccess && level === "view" && !(await asksToLose())) {
      return;
    }
    give.mutate(again(level), { onError: notify.failed });
  };
  const remove = async () => {
    if (losesAccess && !(await asksToLose())) {
      return;
    }
    withdraw.mutate(grant.id, {
      onSuccess: () =>
        notify.done(`No longer shared with ${name}`, {
          undo: () => give.mutate(again(grant.level), { onError: notify.failed }),
        }),
      onError: notify.failed,
    });
  };
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-t border-line px-4 py-2 sm:px-5">
      <Icon aria-hidden size={17} className="shrink-0 text-quiet" />
      <span className="min-w-0 flex-1 basis-32 wrap-anywhere">
        {name}
        {isMe && <span className="text-quiet"> (you)</span>}
        {isInherited && (
          <span className="block text-xs text-quiet">through {grant.object_name}</span>
        )}
      </span>
      <span className="flex items-center gap-1">
        <Select
          aria-label={`What ${name} may do`}
          value={grant.level}
          onChange={(level) => void change(level)}
          options={LEVELS}
          disabled={isInherited || give.isPending}
          className="w-46"
        />
        <IconButton
          icon={X}
          label={`Stop sharing with ${name}`}
          onClick={() => void remove()}
          disabled={isInherited || withdraw.isPending}
        />
      </span>
    </li>
  );
}

function asksToLose(): Promise<boolean> {
  return confirmAction({
    title: "Give up your own right to edit?",
    detail:
      "Unless you have it through a group or everyone too, you can then not take it back yourself: somebody who may edit it, or an admin, can.",
    action: "Give it up",
    isDangerous: true,
  });
}

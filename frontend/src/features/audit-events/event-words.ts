import type { AuditEvent } from "./list-audit-events";

const KINDS: Record<string, string> = {
  cli: "The command line",
  system: "Heliograph",
  anonymous: "Somebody",
};

/** Who did it, in words. */
export function actorName(event: Pick<AuditEvent, "actor_kind" | "actor_email">): string {
  const name = event.actor_email ?? KINDS[event.actor_kind] ?? event.actor_kind;
  return event.actor_kind === "token" ? `${name}, by a token` : name;
}

import { type RawSearch, textParam } from "@/lib/search-params";

/** Which events: what stands in the URL of the page. Times are in UTC, as ISO 8601. */
export interface AuditFilter {
  q?: string | undefined;
  actor?: string | undefined;
  action?: string | undefined;
  type?: string | undefined;
  object?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** What happened, by noun: docs/reference/audit.md describes each. */
export const ACTIONS: Record<string, readonly string[]> = {
  session: ["started", "failed", "ended", "others_ended", "revoked"],
  password: ["changed", "reset"],
  password_reset: ["created"],
  setup_link: ["created"],
  invitation: ["created", "accepted", "revoked"],
  user: ["created", "changed", "deactivated", "reactivated"],
  token: ["created", "revoked"],
  group: ["created", "changed", "deleted", "member_added", "member_removed"],
  grant: ["given", "withdrawn"],
  connection: ["created", "changed", "deleted", "tested"],
  query: ["asked", "canceled", "session_reset"],
  schema: ["read", "refreshed"],
  export: ["created", "linked", "canceled", "deleted"],
  audit: ["exported"],
  key: ["rotated"],
  results: ["forgotten"],
};

export const ACTION_OPTIONS = [
  { value: "", label: "Everything" },
  ...Object.entries(ACTIONS).flatMap(([noun, verbs]) => [
    ...(verbs.length > 1 ? [{ value: noun, label: `${words(noun)}: all` }] : []),
    ...verbs.map((verb) => ({ value: `${noun}.${verb}`, label: actionLabel(`${noun}.${verb}`) })),
  ]),
];

/** `group.member_added` is `Group: member added`. */
export function actionLabel(action: string): string {
  const [noun = "", verb = ""] = action.split(".");
  return verb ? `${words(noun)}: ${verb.replaceAll("_", " ")}` : words(noun);
}

function words(noun: string): string {
  const text = noun.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function readAuditFilter(search: RawSearch): AuditFilter {
  return {
    q: textParam(search["q"]),
    actor: textParam(search["actor"]),
    action: textParam(search["action"]),
    type: textParam(search["type"]),
    object: textParam(search["object"]),
    from: timeParam(search["from"]),
    to: timeParam(search["to"]),
  };
}

/** Return the parameters of the API, without what is not asked for. */
export function filterQuery(filter: AuditFilter) {
  return {
    ...(filter.q ? { search: filter.q } : {}),
    ...(filter.actor ? { actor_id: filter.actor } : {}),
    ...(filter.action ? { action: filter.action } : {}),
    ...(filter.type ? { object_type: filter.type } : {}),
    ...(filter.object ? { object_id: filter.object } : {}),
    ...(filter.from ? { from: filter.from } : {}),
    ...(filter.to ? { to: filter.to } : {}),
  };
}

/** `2026-01-31T12:00` in the zone of the browser, for a field; empty for none. */
export function toLocalInput(iso: string | undefined): string {
  if (iso === undefined) {
    return "";
  }
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What a field for a local time says, in UTC. */
export function fromLocalInput(text: string): string | undefined {
  const at = new Date(text);
  return text === "" || Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

function timeParam(value: unknown): string | undefined {
  const text = textParam(value);
  return text === undefined || Number.isNaN(Date.parse(text))
    ? undefined
    : new Date(text).toISOString();
}

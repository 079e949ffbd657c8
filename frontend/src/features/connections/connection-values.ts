import type { components } from "@/api/schema";
import { SSL_MODES, type SslMode } from "./connection-url";

export type Connection = components["schemas"]["ConnectionAnswer"];
export type NewConnection = components["schemas"]["NewConnection"];
export type ConnectionChanges = components["schemas"]["ChangedConnection"];
export type TestedTarget = components["schemas"]["TestedConnection"];
export type TestedChanges = components["schemas"]["TestedChanges"];

export const LIMITED_ROLES = ["viewer", "editor", "admin"] as const;
export type LimitedRole = (typeof LIMITED_ROLES)[number];

export interface RoleLimitValues {
  maxRows: string;
  timeoutSeconds: string;
}

/**
 * What stands in the form. Numbers are texts, as they are typed.
 *
 * A stored password never comes to the page: `keep` leaves it as it is, `replace` sends
 * `password`, `remove` takes it away.
 */
export interface ConnectionValues {
  name: string;
  host: string;
  port: string;
  database: string;
  username: string;
  passwordMode: "keep" | "replace" | "remove";
  password: string;
  sslMode: SslMode;
  sslRootCert: string;
  maxConcurrency: string;
  timeoutSeconds: string;
  maxRows: string;
  roleLimits: Record<LimitedRole, RoleLimitValues>;
  identity: "user" | "none";
  cacheSeconds: string;
  historyValues: "kept" | "hashed" | "dropped";
}

const NO_LIMIT: RoleLimitValues = { maxRows: "", timeoutSeconds: "" };

export const DEFAULTS: ConnectionValues = {
  name: "",
  host: "",
  port: "5432",
  database: "",
  username: "",
  passwordMode: "replace",
  password: "",
  sslMode: "prefer",
  sslRootCert: "",
  maxConcurrency: "5",
  timeoutSeconds: "60",
  maxRows: "1000000",
  roleLimits: { viewer: NO_LIMIT, editor: NO_LIMIT, admin: NO_LIMIT },
  identity: "user",
  cacheSeconds: "0",
  historyValues: "kept",
};

/** Return a saved connection as the form shows it. */
export function valuesOf(connection: Connection): ConnectionValues {
  const limits = (role: LimitedRole): RoleLimitValues => {
    const stated = connection.role_limits?.[role] ?? {};
    return {
      maxRows: textOf(stated["max_rows"]),
      timeoutSeconds: textOf(stated["statement_timeout_seconds"]),
    };
  };
  return {
    name: connection.name,
    host: connection.host ?? "",
    port: textOf(connection.port),
    database: connection.database ?? "",
    username: connection.username ?? "",
    passwordMode: connection.has_password ? "keep" : "replace",
    password: "",
    sslMode: connection.ssl_mode ?? DEFAULTS.sslMode,
    sslRootCert: connection.ssl_root_cert ?? "",
    maxConcurrency: textOf(connection.max_concurrency),
    timeoutSeconds: textOf(connection.statement_timeout_seconds),
    maxRows: textOf(connection.max_rows),
    roleLimits: { viewer: limits("viewer"), editor: limits("editor"), admin: limits("admin") },
    identity: connection.identity ?? DEFAULTS.identity,
    cacheSeconds: textOf(connection.cache_seconds),
    historyValues: connection.history_values ?? DEFAULTS.historyValues,
  };
}

/** Return the values for another connection like this one: its password has to be typed. */
export function copyOf(connection: Connection): ConnectionValues {
  return {
    ...valuesOf(connection),
    name: `${connection.name} (copy)`.slice(0, 100),
    passwordMode: "replace",
  };
}

/** Return the body that saves what stands in the form. */
export function toNewConnection(values: ConnectionValues): NewConnection {
  return {
    ...toTestedTarget(values),
    name: values.name.trim(),
    max_concurrency: numberOf(values.maxConcurrency),
    statement_timeout_seconds: numberOf(values.timeoutSeconds),
    max_rows: numberOf(values.maxRows),
    identity: values.identity,
    cache_seconds: numberOf(values.cacheSeconds),
    role_limits: toRoleLimits(values),
    history_values: values.historyValues,
  };
}

/** Return the body that tries out what stands in the form of a connection that is not saved. */
export function toTestedTarget(values: ConnectionValues): TestedTarget {
  return {
    engine: "postgres",
    host: values.host.trim(),
    port: numberOf(values.port),
    database: values.database,
    username: values.username,
    ssl_mode: values.sslMode,
    ssl_root_cert: values.sslRootCert.trim() === "" ? null : values.sslRootCert,
    password: values.password === "" ? null : values.password,
  };
}

/** Return the body that changes a connection from `before`: only what is different. */
export function toChanges(
  before: ConnectionValues,
  values: ConnectionValues,
): Omit<ConnectionChanges, "version"> {
  const [old, now] = [toNewConnection(before), toNewConnection(values)];
  const changes = differing(old, now);
  delete changes.password;
  return { ...changes, ...passwordChange(values) };
}

/** Return the body that tries out a saved connection with the changes in the form. */
export function toTestedChanges(before: ConnectionValues, values: ConnectionValues): TestedChanges {
  const changes: TestedChanges = differing(toTestedTarget(before), toTestedTarget(values));
  delete changes.password;
  return { ...changes, ...passwordChange(values) };
}

export function isChanged(before: ConnectionValues, values: ConnectionValues): boolean {
  return Object.keys(toChanges(before, values)).length > 0;
}

/**
 * Say whether the stored password must be typed again: it goes nowhere that it was not typed for.
 * The API holds the rule (docs/reference/connections.md, "Changing"); here it spares a refusal.
 */
export function asksForPassword(before: ConnectionValues, values: ConnectionValues): boolean {
  const changes = toTestedChanges(before, { ...values, passwordMode: "keep" });
  const isWeaker = SSL_MODES.indexOf(values.sslMode) < SSL_MODES.indexOf(before.sslMode);
  const named = ["host", "port", "username", "ssl_root_cert"] as const;
  return isWeaker || named.some((name) => name in changes);
}

function passwordChange(values: ConnectionValues): { password?: string | null } {
  if (values.passwordMode === "remove") {
    return { password: null };
  }
  const isTyped = values.passwordMode === "replace" && values.password !== "";
  return isTyped ? { password: values.password } : {};
}

function toRoleLimits(values: ConnectionValues): components["schemas"]["RoleLimits"] {
  const limits: components["schemas"]["RoleLimits"] = {};
  for (const role of LIMITED_ROLES) {
    const { maxRows, timeoutSeconds } = values.roleLimits[role];
    if (maxRows.trim() !== "" || timeoutSeconds.trim() !== "") {
      limits[role] = {
        ...(maxRows.trim() === "" ? {} : { max_rows: numberOf(maxRows) }),
        ...(timeoutSeconds.trim() === ""
          ? {}
          : { statement_timeout_seconds: numberOf(timeoutSeconds) }),
      };
    }
  }
  return limits;
}

function differing<T extends object>(before: T, now: T): Partial<T> {
  const found = Object.entries(now).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof T]),
  );
  return Object.fromEntries(found) as Partial<T>;
}

/** What is no number goes to the API as null, which says at its field what it wants. */
function numberOf(text: string): number {
  const clean = text.replace(/[\s,_]/g, "");
  return clean === "" ? (null as unknown as number) : Number(clean);
}

function textOf(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : String(value);
}

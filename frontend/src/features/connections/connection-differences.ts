import { type ConnectionValues, LIMITED_ROLES } from "./connection-values";

export interface Difference {
  label: string;
  /** As it was when the form was filled, as it is saved now, as it stands in the form. */
  before: string;
  theirs: string;
  mine: string;
  /** Both have changed it, and not to the same. */
  isDisputed: boolean;
}

const LABELS: Record<
  Exclude<keyof ConnectionValues, "passwordMode" | "password" | "roleLimits">,
  string
> = {
  name: "Name",
  host: "Host",
  port: "Port",
  database: "Database",
  username: "User",
  sslMode: "Encryption",
  sslRootCert: "Root certificate",
  maxConcurrency: "Queries at once",
  timeoutSeconds: "Longest query, seconds",
  maxRows: "Most rows",
  identity: "Row-level security",
  cacheSeconds: "Answers kept, seconds",
  historyValues: "Values in the history",
};

/** Return what two people have made different since `before`, field by field. Passwords are in none. */
export function differencesOf(
  before: ConnectionValues,
  theirs: ConnectionValues,
  mine: ConnectionValues,
): Difference[] {
  const [b, t, m] = [readable(before), readable(theirs), readable(mine)];
  return Object.keys(b).flatMap((label) => {
    const one = { label, before: b[label] ?? "", theirs: t[label] ?? "", mine: m[label] ?? "" };
    if (one.theirs === one.before && one.mine === one.before) {
      return [];
    }
    const isDisputed =
      one.theirs !== one.before && one.mine !== one.before && one.theirs !== one.mine;
    return [{ ...one, isDisputed }];
  });
}

/**
 * Return the form after somebody else has saved: what the person has changed stays as they have
 * it, everything else is as it is saved now.
 */
export function mergedOnto(
  theirs: ConnectionValues,
  before: ConnectionValues,
  mine: ConnectionValues,
): ConnectionValues {
  const merged: Record<string, unknown> = { ...theirs };
  for (const name of Object.keys(mine) as (keyof ConnectionValues)[]) {
    if (JSON.stringify(mine[name]) !== JSON.stringify(before[name])) {
      merged[name] = mine[name];
    }
  }
  return merged as unknown as ConnectionValues;
}

function readable(values: ConnectionValues): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, label] of Object.entries(LABELS)) {
    texts[label] = values[name as keyof typeof LABELS].trim();
  }
  for (const role of LIMITED_ROLES) {
    const { maxRows, timeoutSeconds } = values.roleLimits[role];
    texts[`Limits of ${role}s`] = [
      maxRows && `${maxRows} rows`,
      timeoutSeconds && `${timeoutSeconds} seconds`,
    ]
      .filter(Boolean)
      .join(", ");
  }
  return texts;
}

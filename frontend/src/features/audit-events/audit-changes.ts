export interface Change {
  name: string;
  /** Null where nothing was said. */
  before: string | null;
  after: string | null;
}

type Members = Record<string, unknown> | null;

/** Return what an event has changed, member by member, as texts. */
export function changesOf({ before, after }: { before: Members; after: Members }): Change[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.map((name) => ({
    name,
    before: textOf(before?.[name]),
    after: textOf(after?.[name]),
  }));
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) {
    return null;
  }
  return typeof value === "string" ? value : JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
}

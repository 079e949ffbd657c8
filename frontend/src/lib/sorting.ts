export interface SortState {
  key: string;
  direction: "ascending" | "descending";
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Return the rows in order; equal ones keep theirs, and what has no value comes last either way. */
export function sorted<T>(
  rows: readonly T[],
  by: (row: T) => string | number | null,
  direction: SortState["direction"],
): T[] {
  const sign = direction === "ascending" ? 1 : -1;
  return rows.toSorted((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (a === null || b === null) {
      return Number(a === null) - Number(b === null);
    }
    return (
      sign *
      (typeof a === "number" && typeof b === "number"
        ? a - b
        : collator.compare(String(a), String(b)))
    );
  });
}

/** `name` and `-name` in a URL. */
export function sortParam(value: unknown, keys: readonly string[]): SortState | undefined {
  const text = typeof value === "string" ? value : "";
  const key = text.replace(/^-/, "");
  return keys.includes(key)
    ? { key, direction: text.startsWith("-") ? "descending" : "ascending" }
    : undefined;
}

export function sortText({ key, direction }: SortState): string {
  return direction === "descending" ? `-${key}` : key;
}

export interface ClaimRow {
  /** Tells rows apart while their names are typed. */
  key: number;
  name: string;
  value: string;
}

export function claimRows(claims: Record<string, string> | null): ClaimRow[] {
  return Object.entries(claims ?? {}).map(([name, value], key) => ({ key, name, value }));
}

/** Return rows as the API wants them; rows without a name and a value are left out. */
export function claimsOf(rows: readonly ClaimRow[]): Record<string, string> {
  return Object.fromEntries(
    rows
      .filter(({ name, value }) => name.trim() !== "" || value !== "")
      .map(({ name, value }) => [name.trim(), value]),
  );
}

/** Return a name that stands in two rows, if one does: the later would hide the earlier. */
export function doubledName(rows: readonly ClaimRow[]): string | undefined {
  const names = rows.map(({ name }) => name.trim()).filter(Boolean);
  return names.find((name, index) => names.indexOf(name) !== index);
}

/** Return whether two lists of claims say the same, in whatever order. */
export function areSameClaims(one: Record<string, string>, other: Record<string, string>): boolean {
  const text = (claims: Record<string, string>) =>
    JSON.stringify(Object.entries(claims).sort(([a], [b]) => a.localeCompare(b)));
  return text(one) === text(other);
}

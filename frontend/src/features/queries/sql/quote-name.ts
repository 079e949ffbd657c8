// https://www.postgresql.org/docs/current/sql-keywords-appendix.html: reserved, also with exceptions.
const RESERVED = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check
  collate collation column concurrently constraint create cross current_catalog current_date
  current_role current_schema current_time current_timestamp current_user default deferrable desc
  distinct do else end except false fetch for foreign freeze from full grant group having ilike in
  initially inner intersect into is isnull join lateral leading left like limit localtime
  localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
  references returning right select session_user similar some symmetric system_user table
  tablesample then to trailing true union unique user using variadic verbose when where window
  with`.split(/\s+/),
);

/** Write a name as SQL reads it back: in double quotes only where it needs them. */
export function quoteName(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !RESERVED.has(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

/** The name that a word or a quoted identifier stands for. */
export function nameOf(written: string): string {
  return written.startsWith('"')
    ? written.replace(/^"|"$/g, "").replaceAll('""', '"')
    : written.toLowerCase();
}

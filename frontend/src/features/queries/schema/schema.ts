import type { components } from "@/api/schema";

export type SchemaAnswer = components["schemas"]["SchemaAnswer"];
export type SchemaPart = components["schemas"]["SchemaPartAnswer"];
export type Table = components["schemas"]["SchemaTableAnswer"];
export type Routine = components["schemas"]["SchemaRoutineAnswer"];
/** A type as people write it: `timestamptz` for `timestamp with time zone`. */
export function shortType(type: string): string {
  return type
    .replace(/^(timestamp|time)(\(\d\))? with time zone/, "$1tz$2")
    .replace(/ without time zone/, "")
    .replace(/^character varying/, "varchar")
    .replace(/^character(?=\(|$)/, "char")
    .replace(/^public\./, "");
}

export type Column = components["schemas"]["SchemaColumnAnswer"];

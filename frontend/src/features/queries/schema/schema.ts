import type { components } from "@/api/schema";

export type SchemaAnswer = components["schemas"]["SchemaAnswer"];
export type SchemaPart = components["schemas"]["SchemaPartAnswer"];
export type Table = components["schemas"]["SchemaTableAnswer"];
export type Routine = components["schemas"]["SchemaRoutineAnswer"];
export type Column = components["schemas"]["SchemaColumnAnswer"];

import { quoteName } from "../sql/quote-name";
import {
  type Column,
  type Routine,
  type SchemaAnswer,
  type SchemaPart,
  shortType,
  type Table,
} from "./schema";

export type TreeKind = "schema" | "table" | "view" | "column" | "routine" | "note";

/** One line of the tree as it is seen: what is closed is not among them. */
export interface TreeRow {
  id: string;
  kind: TreeKind;
  level: number;
  label: string;
  /** Its type, how many rows, what it takes. */
  detail: string;
  /** What Enter writes into the editor; "" for what only opens. */
  insert: string;
  /** Null for what has nothing inside. */
  isOpen: boolean | null;
  isPrimary: boolean;
  /** What a foreign key points at: `customers.id`. */
  references: string | null;
  isNotNull: boolean;
  comment: string | null;
  /** Among its siblings, from 1. */
  position: number;
  siblings: number;
}

export interface TreeOptions {
  opened: ReadonlySet<string>;
  search: string;
  /** Tables that were fetched one by one, by the id of their row. */
  tables: ReadonlyMap<string, Table | "loading" | "failed">;
}

export const schemaId = (schema: string) => `s:${schema}`;
export const tableId = (schema: string, table: string) => `t:${schema}.${table}`;

/** Return the lines of the tree, from what there is, what is open and what is searched. */
export function treeRows(answer: SchemaAnswer, options: TreeOptions): TreeRow[] {
  const found = answer.schemas
    .map((schema) => ({ schema, inside: schemaRows(schema, options) }))
    .filter(
      ({ schema, inside }) => inside.length > 0 || !options.search || fits(schema.name, options),
    );
  const rows = found.flatMap(({ schema, inside }, index) => {
    const isOpen = options.search !== "" || options.opened.has(schemaId(schema.name));
    const own = row({
      id: schemaId(schema.name),
      kind: "schema",
      level: 1,
      label: schema.name,
      detail: countText(schema),
      isOpen,
      comment: schema.comment ?? null,
    });
    return [placed(own, index, found.length), ...(isOpen ? inside : [])];
  });
  return rows;
}

function schemaRows(schema: SchemaPart, options: TreeOptions): TreeRow[] {
  if (!schema.tables && !schema.routines && schema.table_count) {
    return options.search ? [] : [note(`${schema.name}:loading`, 2, "Loading…")];
  }
  const tables = (schema.tables ?? []).map((table) => tableRows(schema.name, table, options));
  const routines = (schema.routines ?? [])
    .filter(({ name }) => fits(name, options))
    .map((routine, index) => [routineRow(schema.name, routine, index)]);
  const siblings = [...tables.filter((rows) => rows.length > 0), ...routines];
  if (siblings.length === 0 && !options.search) {
    return [note(`${schema.name}:empty`, 2, "Nothing that you may read")];
  }
  return siblings.flatMap(([first, ...inside], index) =>
    first ? [placed(first, index, siblings.length), ...inside] : [],
  );
}

/** A table with its columns while it is open; nothing when the search finds neither. */
function tableRows(schema: string, listed: Table, options: TreeOptions): TreeRow[] {
  const id = tableId(schema, listed.name);
  const fetched = options.tables.get(id);
  const table = typeof fetched === "object" ? fetched : listed;
  const isFound = fits(table.name, options);
  const columns = (table.columns ?? []).filter(
    ({ name }) => !options.search || (isFound && options.opened.has(id)) || fits(name, options),
  );
  const hasFoundColumns = options.search !== "" && columns.length > 0;
  if (options.search && !isFound && !hasFoundColumns) {
    return [];
  }
  const isOpen = options.opened.has(id) || (!isFound && hasFoundColumns);
  const name = quoteName(table.name);
  const own = row({
    id,
    kind: table.kind.includes("view") ? "view" : "table",
    level: 2,
    label: table.name,
    detail:
      table.estimated_rows === null || table.estimated_rows === undefined
        ? ""
        : shortCount(table.estimated_rows),
    insert: schema === "public" ? name : `${quoteName(schema)}.${name}`,
    isOpen,
    comment: table.comment ?? null,
  });
  if (!isOpen) {
    return [own];
  }
  const inside = columns.map((column, index) =>
    placed(columnRow(id, table, column), index, columns.length),
  );
  const missing = fetched === "failed" ? "The columns could not be read" : "Loading…";
  return [own, ...(table.columns ? inside : [note(`${id}:note`, 3, missing)])];
}

function columnRow(id: string, table: Table, column: Column): TreeRow {
  const key = table.foreign_keys?.find(({ columns }) => columns.includes(column.name));
  const target = key?.references[key.columns.indexOf(column.name)];
  return row({
    id: `${id}.${column.name}`,
    kind: "column",
    level: 3,
    label: column.name,
    detail: shortType(column.type),
    insert: quoteName(column.name),
    isPrimary: table.primary_key?.includes(column.name) ?? false,
    references: key ? `${key.table}.${target ?? ""}` : null,
    isNotNull: column.not_null ?? false,
    comment: column.comment ?? null,
  });
}

function routineRow(schema: string, routine: Routine, index: number): TreeRow {
  const name = quoteName(routine.name);
  return row({
    id: `r:${schema}.${routine.name}.${index}`,
    kind: "routine",
    level: 2,
    label: `${routine.name}()`,
    detail: routine.result?.replace(/^TABLE\(.*\)$/s, "table") ?? routine.kind,
    insert: `${schema === "public" ? name : `${quoteName(schema)}.${name}`}()`,
    comment:
      [routine.arguments && `(${routine.arguments})`, routine.comment].filter(Boolean).join(" ") ||
      null,
  });
}

function note(id: string, level: number, label: string): TreeRow {
  return row({ id, kind: "note", level, label });
}

function row(part: Partial<TreeRow> & Pick<TreeRow, "id" | "kind" | "level" | "label">): TreeRow {
  return {
    detail: "",
    insert: "",
    isOpen: null,
    isPrimary: false,
    references: null,
    isNotNull: false,
    comment: null,
    position: 1,
    siblings: 1,
    ...part,
  };
}

function placed(one: TreeRow, index: number, siblings: number): TreeRow {
  return { ...one, position: index + 1, siblings };
}

function fits(name: string, { search }: TreeOptions): boolean {
  return name.toLowerCase().includes(search.toLowerCase());
}

function countText({ tables, table_count }: SchemaPart): string {
  const count = tables?.length ?? table_count ?? 0;
  return count === 1 ? "1 table" : `${count.toLocaleString("en")} tables`;
}

/** `1.2k`, `3M`: the planner's estimates are no exact numbers. */
export function shortCount(count: number): string {
  return count < 0
    ? ""
    : `~${new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(count)}`;
}

import { matchScore } from "../schema/match-score";
import { type Column, shortType } from "../schema/schema";
import { best, type IndexedTable, type SchemaIndex } from "../schema/schema-index";
import { parseTemplate, tokenize } from "../sql/placeholders";
import { nameOf, quoteName } from "../sql/quote-name";
import { type Source, sourcesAt } from "../sql/scope";
import { statementAt } from "../sql/statements";
import { FUNCTIONS, PHRASES } from "./sql-words";

export type SuggestionKind =
  | "column"
  | "table"
  | "view"
  | "schema"
  | "function"
  | "keyword"
  | "parameter"
  | "alias";

export interface Suggestion {
  /** The name as it is shown and searched. */
  label: string;
  /** What is written into the text. */
  insert: string;
  kind: SuggestionKind;
  /** Its type, its table, what it takes. */
  detail?: string;
  info?: string;
}

export interface Suggestions {
  /** What is replaced begins here. */
  from: number;
  typed: string;
  items: Suggestion[];
}

/** What completion asks of the database's schema; columns may have to be fetched. */
export interface CompletionSchema {
  index: SchemaIndex;
  columnsOf: (table: IndexedTable) => Promise<readonly Column[]>;
}

const MOST = 60;
const LEAST_OF_WORDS = 70;
const TABLE_BEFORE = /\b(?:from|join|only|table|into|update)\s+$/i;

/**
 * Return what may be written at `offset`, the best first; null where nothing is to be offered:
 * inside quotes and comments, after a number. `isAsked`: also when nothing was typed yet.
 */
export async function suggestionsAt(
  sql: string,
  offset: number,
  isAsked: boolean,
  schema: CompletionSchema | null,
): Promise<Suggestions | null> {
  const before = sql.slice(0, offset);
  const placeholder = /\{\{\s*([\p{L}\p{N}_]*)$/u.exec(before);
  if (placeholder) {
    return placeholders(sql, offset, placeholder[1] ?? "");
  }
  if (isInsideText(before)) {
    return null;
  }
  const path =
    /(?:("(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*)\.)?(?:("(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*)\.)?("?[\p{L}\p{N}_$]*)$/u.exec(
      before,
    );
  const typed = (path?.[3] ?? "").replace(/^"/, "");
  const from = offset - (path?.[3] ?? "").length;
  const qualifiers = [path?.[1], path?.[2]].flatMap((one) => (one ? [nameOf(one)] : []));
  if (qualifiers.length > 0) {
    return schema && { from, typed, items: await members(sql, offset, qualifiers, typed, schema) };
  }
  if ((typed === "" && !isAsked) || /^\d/.test(typed)) {
    return null;
  }
  const start = statementAt(sql, offset)?.start ?? 0;
  const isTable =
    TABLE_BEFORE.test(sql.slice(Math.min(start, from), from)) || isInFromList(sql, from);
  if (!isAsked && !isTable && isNewName(sql.slice(Math.min(start, from), from), typed)) {
    return null;
  }
  const items = isTable
    ? tables(sql, offset, typed, schema)
    : await anything(sql, offset, typed, schema);
  return { from, typed, items };
}

/** After `alias.`, `table.`, `schema.` or `schema.table.`: what is in it. */
async function members(
  sql: string,
  offset: number,
  path: string[],
  typed: string,
  schema: CompletionSchema,
): Promise<Suggestion[]> {
  const [first = "", second] = path;
  if (second !== undefined) {
    const table = schema.index.find(first, second);
    return table ? columnsOf(table, typed, schema) : [];
  }
  const source = sourcesAt(sql, offset).find(({ alias }) => alias === first);
  if (
    source &&
    (source.columns || (source.table && schema.index.find(source.schema, source.table)))
  ) {
    return sourceColumns(source, typed, schema);
  }
  if (schema.index.schemas.includes(first)) {
    const found = schema.index.searchTables(typed, MOST, first).map(({ item }) => ({
      ...tableName(item),
      insert: quoteName(item.table.name),
    }));
    const routines = schema.index.searchRoutines(typed, MOST, first);
    return [...found, ...routines.map(({ item }) => routineName(item.routine))];
  }
  const table = schema.index.find(null, first);
  return table ? columnsOf(table, typed, schema) : [];
}

async function sourceColumns(
  source: Source,
  typed: string,
  schema: CompletionSchema | null,
): Promise<Suggestion[]> {
  if (source.columns) {
    const found = best(source.columns, (name) => name, typed, MOST);
    return found.map(({ item }) => ({
      label: item,
      insert: quoteName(item),
      kind: "column" as const,
      detail: source.alias,
    }));
  }
  const table = source.table && schema?.index.find(source.schema, source.table);
  return table && schema ? columnsOf(table, typed, schema) : [];
}

async function columnsOf(
  table: IndexedTable,
  typed: string,
  schema: CompletionSchema,
): Promise<Suggestion[]> {
  const columns = table.table.columns ?? (await schema.columnsOf(table));
  const found = typed
    ? best(columns, ({ name }) => name, typed, MOST).map(({ item }) => item)
    : columns.slice(0, MOST * 4); // In the table's own order.
  return found.map((column) => columnName(column, shortType(column.type)));
}

function tables(
  sql: string,
  offset: number,
  typed: string,
  schema: CompletionSchema | null,
): Suggestion[] {
  const ctes = sourcesAt(sql, offset).filter(({ table }) => table === null);
  const named = best(ctes, ({ alias }) => alias, typed, MOST).map(({ item }) => aliasName(item));
  const found = schema?.index.searchTables(typed, MOST) ?? [];
  const schemas = best(schema?.index.schemas ?? [], (name) => name, typed, MOST);
  return [
    ...named,
    ...found.map(({ item }) => tableName(item)),
    ...schemas.map(({ item }) => schemaName(item)),
    ...setReturning(typed),
  ];
}

async function anything(
  sql: string,
  offset: number,
  typed: string,
  schema: CompletionSchema | null,
): Promise<Suggestion[]> {
  const sources = sourcesAt(sql, offset);
  const columns = (
    await Promise.all(sources.slice(0, 12).map((one) => sourceColumns(one, typed, schema)))
  ).flat();
  const anywhere =
    sources.length > 0
      ? []
      : (schema?.index.searchColumns(typed, 20) ?? []).map(({ item }) =>
          columnName(item.column, whereFound(item.tables)),
        );
  const aliases = sources.map(aliasName);
  const tableNames = (schema?.index.searchTables(typed, 20) ?? []).map(({ item }) =>
    tableName(item),
  );
  const routines = schema?.index.searchRoutines(typed, 20) ?? [];
  const words = PHRASES.map((word) => keyword(word, typed));
  const schemas = (schema?.index.schemas ?? []).map(schemaName);
  const functions = FUNCTIONS.map(([name, takes]) => builtIn(name, takes));
  return ranked(typed, [
    [columns, 12],
    [aliases, 8],
    [words, 10],
    [anywhere, 4],
    [functions, 6],
    [routines.map(({ item }) => routineName(item.routine)), 5],
    [tableNames, 3],
    [schemas, 0],
  ]);
}

/** Mix what fits: by how well it fits, then by how likely its kind is here. */
function ranked(typed: string, groups: [Suggestion[], number][]): Suggestion[] {
  const wanted = typed.toLowerCase();
  const seen = new Set<string>();
  return groups
    .flatMap(([items, weight]) =>
      items.flatMap((item) => {
        const score = matchScore(item.label, wanted);
        // Words of the language are well known: their letters are not searched for one by one.
        const isWord = item.kind === "keyword" || item.kind === "function";
        return score === null || (isWord && score < LEAST_OF_WORDS && wanted !== "")
          ? []
          : [{ item, score: score + weight }];
      }),
    )
    .sort((one, other) => other.score - one.score)
    .map(({ item }) => item)
    .filter(({ label, kind }) => !seen.has(`${kind} ${label}`) && seen.add(`${kind} ${label}`))
    .slice(0, MOST);
}

function placeholders(sql: string, offset: number, typed: string): Suggestions {
  const hasEnd = /^\s*\}\}/.test(sql.slice(offset));
  const around = sql.slice(0, offset - typed.length).replace(/\{\{\s*$/, "") + sql.slice(offset);
  const { names } = parseTemplate(around);
  const items = best(names, (name) => name, typed, MOST).map(({ item }) => ({
    label: item,
    insert: hasEnd ? item : `${item}}}`,
    kind: "parameter" as const,
    detail: "placeholder",
  }));
  return { from: offset - typed.length, typed, items };
}

function isInsideText(before: string): boolean {
  const last = tokenize(before).tokens.at(-1);
  const text = last ? before.slice(last.start, last.end) : "";
  switch (last?.kind) {
    case "line_comment":
      return true;
    case "block_comment":
      return !text.endsWith("*/");
    case "string":
      return text.length < 2 || !text.endsWith("'");
    case "dollar_quote":
      return !/^(\$[^$]*\$)[\s\S]*\1$/.test(text);
    default:
      return false;
  }
}

/** After `from a, `. */
function isInFromList(sql: string, from: number): boolean {
  const before = sql.slice(statementAt(sql, from)?.start ?? 0, from);
  return /\bfrom\b(?:(?!\b(?:where|group|order|having|limit|select|on|join)\b)[^()])*,\s*$/i.test(
    before,
  );
}

/** What follows AS, or a table, is a name of the person's own: Enter must not replace it. */
function isNewName(before: string, typed: string): boolean {
  const isAlias = /\b(?:from|join)\s+(?:only\s+)?[\p{L}\p{N}_$."]+\s+$/iu.test(before);
  return /\bas\s+$/i.test(before) || typed.length < (isAlias ? 3 : 2);
}

function setReturning(typed: string): Suggestion[] {
  const found = FUNCTIONS.filter(([name]) => /generate_series|unnest|jsonb_/.test(name));
  return best(found, ([name]) => name, typed, MOST).map(({ item }) => builtIn(item[0], item[1]));
}

function columnName({ name, comment }: Column, detail: string): Suggestion {
  return {
    label: name,
    insert: quoteName(name),
    kind: "column",
    detail,
    ...(comment ? { info: comment } : {}),
  };
}

function tableName({ schema, table, isOnPath }: IndexedTable): Suggestion {
  const name = quoteName(table.name);
  return {
    label: table.name,
    insert: isOnPath ? name : `${quoteName(schema)}.${name}`,
    kind: table.kind.includes("view") ? "view" : "table",
    detail: schema,
    ...(table.comment ? { info: table.comment } : {}),
  };
}

function routineName(routine: { name: string; arguments: string | null }): Suggestion {
  return {
    label: routine.name,
    insert: `${quoteName(routine.name)}(`,
    kind: "function",
    detail: routine.arguments ?? "",
  };
}

function aliasName({ alias, table }: Source): Suggestion {
  return { label: alias, insert: quoteName(alias), kind: "alias", detail: table ?? "" };
}

function schemaName(name: string): Suggestion {
  return { label: name, insert: quoteName(name), kind: "schema", detail: "schema" };
}

function builtIn(name: string, takes: string): Suggestion {
  return { label: name, insert: `${name}(`, kind: "function", detail: takes };
}

/** Keywords are written as large as what was typed. */
function keyword(word: string, typed: string): Suggestion {
  const isLarge = typed !== "" && typed === typed.toUpperCase() && typed !== typed.toLowerCase();
  const written = isLarge ? word.toUpperCase() : word;
  return { label: written, insert: written, kind: "keyword" };
}

function whereFound(names: string[]): string {
  return names.length > 2 ? `${names.length} tables` : names.join(", ");
}

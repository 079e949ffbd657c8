import { matchScore } from "./match-score";
import type { Column, Routine, SchemaAnswer, Table } from "./schema";

export interface IndexedTable {
  schema: string;
  table: Table;
  /** Reachable without its schema: the usual search path. */
  isOnPath: boolean;
}

export interface Scored<T> {
  item: T;
  score: number;
}

/** Everything of a database that completion may offer, ready to be searched at every key. */
export class SchemaIndex {
  readonly schemas: string[];
  readonly tables: IndexedTable[] = [];
  readonly routines: { schema: string; routine: Routine }[] = [];
  private readonly byName = new Map<string, IndexedTable[]>();
  private readonly columnNames = new Map<string, { column: Column; tables: string[] }>();

  constructor(answer: SchemaAnswer) {
    this.schemas = answer.schemas.map(({ name }) => name);
    for (const { name, tables, routines } of answer.schemas) {
      for (const table of tables ?? []) {
        this.addTable({ schema: name, table, isOnPath: name === "public" });
      }
      for (const routine of routines ?? []) {
        this.routines.push({ schema: name, routine });
      }
    }
  }

  /** The table of this name; without a schema the one on the search path, else the first. */
  find(schema: string | null, name: string): IndexedTable | null {
    const found = this.byName.get(name) ?? [];
    return (
      (schema === null
        ? (found.find(({ isOnPath }) => isOnPath) ?? found[0])
        : found.find((one) => one.schema === schema)) ?? null
    );
  }

  /** The best tables for what was typed, at most so many. */
  searchTables(typed: string, most: number, schema: string | null = null): Scored<IndexedTable>[] {
    const all = schema === null ? this.tables : this.tables.filter((one) => one.schema === schema);
    return best(all, ({ table }) => table.name, typed, most);
  }

  searchRoutines(typed: string, most: number, schema: string | null = null) {
    const all =
      schema === null ? this.routines : this.routines.filter((one) => one.schema === schema);
    return best(all, ({ routine }) => routine.name, typed, most);
  }

  /** Columns of all tables, each name once: for the list that is written before its FROM. */
  searchColumns(typed: string, most: number) {
    return best([...this.columnNames.values()], ({ column }) => column.name, typed, most);
  }

  private addTable(entry: IndexedTable): void {
    this.tables.push(entry);
    const { name, columns } = entry.table;
    this.byName.set(name, [...(this.byName.get(name) ?? []), entry]);
    for (const column of columns ?? []) {
      const known = this.columnNames.get(column.name);
      if (known) {
        known.tables.push(name);
      } else {
        this.columnNames.set(column.name, { column, tables: [name] });
      }
    }
  }
}

/** Score all, keep the best, in order. */
export function best<T>(
  items: readonly T[],
  name: (item: T) => string,
  typed: string,
  most: number,
): Scored<T>[] {
  const wanted = typed.toLowerCase();
  const found: Scored<T>[] = [];
  for (const item of items) {
    const score = matchScore(name(item), wanted);
    if (score !== null) {
      found.push({ item, score });
    }
  }
  return found
    .sort((one, other) => other.score - one.score || compare(name(one.item), name(other.item)))
    .slice(0, most);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

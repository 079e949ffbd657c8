import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";
import type { GridColumn } from "@/components/grid/types";
import type { Run } from "../run/run";

export type Sort = components["schemas"]["ViewSort"];
export type Filter = components["schemas"]["ViewFilter"];
export type Operator = components["schemas"]["Operator"];

/** How a result is looked at: columns are counted from 0. */
export interface View {
  sort: readonly Sort[];
  filter: readonly Filter[];
}

export const NO_VIEW: View = { sort: [], filter: [] };

const WAIT_SECONDS = 5;
const FIRST_ROWS = 1000;

/** Ask for the whole result of a run, sorted and filtered by PostgreSQL. */
export function createView(queryId: string, view: View, signal: AbortSignal): Promise<Run> {
  return unwrap(
    api.POST("/api/queries/{query_id}/view", {
      params: { path: { query_id: queryId } },
      body: {
        sort: [...view.sort],
        filter: [...view.filter],
        wait_seconds: WAIT_SECONDS,
        limit: FIRST_ROWS,
      },
      signal,
    }),
  ) as Promise<Run>;
}

export const isEmpty = (view: View) => view.sort.length === 0 && view.filter.length === 0;

/** What a click on a header does: ascending, descending, as it came. */
export function sortedBy(view: View, column: number, isAdditive: boolean): View {
  const before = view.sort.find((one) => one.column === column);
  const others = isAdditive ? view.sort.filter((one) => one.column !== column) : [];
  if (before?.direction === "desc") {
    return { ...view, sort: others };
  }
  const direction = before ? "desc" : "asc";
  const next: Sort = { column, direction, nulls: "last" };
  if (!isAdditive) {
    return { ...view, sort: [next] };
  }
  const sort = before
    ? view.sort.map((one) => (one.column === column ? next : one))
    : [...others, next];
  return { ...view, sort };
}

export function sortedInDirection(view: View, column: number, direction: "asc" | "desc"): View {
  return { ...view, sort: [{ column, direction, nulls: "last" }] };
}

export function unsorted(view: View, column: number): View {
  return { ...view, sort: view.sort.filter((one) => one.column !== column) };
}

/** Put a filter in the place of the one at `at`, add it, or take it away where it is null. */
export function filteredBy(view: View, filter: Filter | null, at: number | null): View {
  const filters = [...view.filter];
  filters.splice(at ?? filters.length, at === null ? 0 : 1, ...(filter ? [filter] : []));
  return { ...view, filter: filters };
}

export const OPERATORS: Record<Operator, string> = {
  in: "is one of",
  not_in: "is none of",
  eq: "=",
  ne: "≠",
  lt: "<",
  le: "≤",
  gt: ">",
  ge: "≥",
  contains: "contains",
  not_contains: "does not contain",
  starts_with: "starts with",
  ends_with: "ends with",
  is_null: "is NULL",
  is_not_null: "is not NULL",
};

const COMPARED: readonly Operator[] = ["ge", "gt", "le", "lt", "eq", "ne"];
const LISTED: readonly Operator[] = ["in", "not_in"];
const WORDED: readonly Operator[] = ["contains", "not_contains", "starts_with", "ends_with"];
const NULLS: readonly Operator[] = ["is_null", "is_not_null"];

/** The comparisons that make sense for a column, the likeliest first. */
export function operatorsFor({ kind }: GridColumn): readonly Operator[] {
  switch (kind) {
    case "boolean":
      return [...LISTED, ...NULLS];
    case "json":
    case "array":
      return [...WORDED, ...NULLS];
    case "text":
    case "other":
      return [...LISTED, ...WORDED, ...COMPARED, ...NULLS];
    default:
      return [...COMPARED, ...LISTED, ...NULLS];
  }
}

export const takesList = (op: Operator) => LISTED.includes(op);
export const takesValue = (op: Operator) => !NULLS.includes(op);

/** `country is one of DE, FR`: what a filter says. */
export function filterText({ column, op, value }: Filter, columns: readonly GridColumn[]): string {
  const name = columns[column]?.name || "?column?";
  if (!takesValue(op)) {
    return `${name} ${OPERATORS[op]}`;
  }
  const values = Array.isArray(value) ? value : [value];
  const shown = values.slice(0, 3).map((one) => (one === null ? "NULL" : one === "" ? "''" : one));
  const rest = values.length > 3 ? ` and ${values.length - 3} more` : "";
  return `${name} ${OPERATORS[op]} ${shown.join(", ")}${rest}`;
}

/** From which run a view was made, and how. */
export interface Look {
  baseId: string;
  /** Null after a reload: it has to be fetched. */
  base: Run | null;
  view: View;
}

const MOST_REMEMBERED = 200;
const STORED = "heliograph.views";

/** How the results of this window are looked at; a reload finds it again. */
export class Looks {
  private readonly made: Map<string, Look>;

  constructor(private readonly storage: Pick<Storage, "getItem" | "setItem">) {
    this.made = new Map(this.read().map(([id, look]) => [id, { ...look, base: null }]));
  }

  remember(run: Run, look: Look): void {
    this.made.delete(run.id);
    this.made.set(run.id, look);
    for (const oldest of this.made.keys()) {
      if (this.made.size <= MOST_REMEMBERED) {
        break;
      }
      this.made.delete(oldest);
    }
    const entries = [...this.made].map(([id, { baseId, view }]) => [id, { baseId, view }]);
    try {
      this.storage.setItem(STORED, JSON.stringify(entries));
    } catch {
      // After a reload it is a result like any other.
    }
  }

  /** The run as it was asked and how it is looked at; one made elsewhere counts as it is. */
  of(run: Run): Look {
    return this.made.get(run.id) ?? { baseId: run.id, base: run, view: NO_VIEW };
  }

  private read(): [string, { baseId: string; view: View }][] {
    try {
      const found: unknown = JSON.parse(this.storage.getItem(STORED) ?? "[]");
      return Array.isArray(found) ? found : [];
    } catch {
      return [];
    }
  }
}

export const looks = new Looks({
  getItem: (key) => sessionStorage.getItem(key),
  setItem: (key, value) => sessionStorage.setItem(key, value),
});

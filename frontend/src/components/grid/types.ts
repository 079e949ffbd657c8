/** What a page does with a column: the API's `kind`. */
export type ColumnKind =
  | "boolean"
  | "integer"
  | "bigint"
  | "numeric"
  | "float"
  | "text"
  | "json"
  | "date"
  | "timestamp"
  | "timestamptz"
  | "array"
  | "other";

export interface GridColumn {
  name: string;
  /** PostgreSQL's name of the type: `int8`. */
  type: string;
  kind: ColumnKind;
}

/** JSON as it came, to the last digit: never parsed, because parsing rounds and sorts. */
export class RawJson {
  constructor(readonly text: string) {}
}

export type CellValue = null | boolean | number | string | RawJson;
export type Row = readonly CellValue[];

/** Where a grid has its rows from. Rows and columns are counted from 0. */
export interface RowSource {
  readonly rowCount: number;
  /** What has gone wrong when rows were fetched last; null when nothing has. */
  readonly failure: unknown;
  /** The row, when it is in memory; asking fetches nothing. */
  row(index: number): Row | undefined;
  /** How long the whole cell is in bytes, where only its beginning is here. */
  cutBytes(row: number, column: number): number | undefined;
  /** Say which rows are looked at now: `from` up to, not including, `to`. */
  want(from: number, to: number): void;
  /** Fetch again what has failed. */
  retry(): void;
  /** All rows from `from` up to `to`, fetched where need be. Rejects with what went wrong. */
  fetchRows(from: number, to: number, signal?: AbortSignal): Promise<Row[]>;
  onChange(listener: () => void): () => void;
}

/** Rows that are all here already. */
export class FixedRows implements RowSource {
  readonly failure = null;
  private readonly cut: ReadonlyMap<string, number>;

  constructor(
    private readonly rows: readonly Row[],
    cutCells: readonly (readonly number[])[] = [],
  ) {
    this.cut = new Map(cutCells.map(([row, column, bytes]) => [`${row}:${column}`, bytes ?? 0]));
  }

  get rowCount(): number {
    return this.rows.length;
  }

  row(index: number): Row | undefined {
    return this.rows[index];
  }

  cutBytes(row: number, column: number): number | undefined {
    return this.cut.get(`${row}:${column}`);
  }

  want(): void {}

  retry(): void {}

  fetchRows(from: number, to: number): Promise<Row[]> {
    return Promise.resolve(this.rows.slice(from, to));
  }

  onChange(): () => void {
    return () => undefined;
  }
}

import { cellText, isNumeric } from "./cell-text";
import type { GridColumn, Row } from "./types";

export const NARROWEST = 48;
export const WIDEST = 1200;
const WIDEST_GUESSED = 340;
const CHARACTER = 7.7;
const PADDING = 26;
const HEADER_SIGNS = 28;
const ROOM_FOR_TEXT = 90;

/** What a person has changed; columns are meant by their index in the result. */
export interface LayoutChoice {
  order: readonly number[];
  hidden: readonly number[];
  widths: Readonly<Record<number, number>>;
}

export interface PlacedColumn {
  /** In the result. */
  index: number;
  column: GridColumn;
  left: number;
  width: number;
}

/** Order, width and visibility of columns, and where each one stands. Every change is a new one. */
export class ColumnLayout {
  readonly placed: readonly PlacedColumn[];
  readonly width: number;

  constructor(
    readonly columns: readonly GridColumn[],
    private readonly guessed: readonly number[],
    readonly choice: LayoutChoice = { order: columns.map((_, at) => at), hidden: [], widths: {} },
  ) {
    let left = 0;
    this.placed = choice.order
      .filter((index) => !choice.hidden.includes(index))
      .flatMap((index) => {
        const column = columns[index];
        if (!column) {
          return [];
        }
        const width = choice.widths[index] ?? guessed[index] ?? NARROWEST;
        const placed = { index, column, left, width };
        left += width;
        return [placed];
      });
    this.width = left;
  }

  /** A first layout: as wide as what stands in the rows, within reason. */
  static fitting(columns: readonly GridColumn[], rows: readonly Row[]): ColumnLayout {
    // One alone has all the room: a query plan, a document.
    const widest = columns.length === 1 ? WIDEST : WIDEST_GUESSED;
    return new ColumnLayout(
      columns,
      columns.map((column, index) => Math.min(fittingWidth(column, index, rows), widest)),
    );
  }

  /** The places of the columns of which something is seen: from, up to and not including. */
  shown(scrollLeft: number, viewWidth: number): [number, number] {
    const first = this.placed.findIndex((one) => one.left + one.width > scrollLeft);
    if (first < 0) {
      return [0, 0];
    }
    const end = this.placed.findIndex((one) => one.left >= scrollLeft + viewWidth);
    return [first, end < 0 ? this.placed.length : end];
  }

  /** The place of the column under a pixel of the rows' width. */
  placeAt(x: number): number {
    const found = this.placed.findIndex((one) => x < one.left + one.width);
    return found < 0 ? this.placed.length - 1 : found;
  }

  resized(index: number, width: number): ColumnLayout {
    const bounded = Math.round(Math.min(Math.max(width, NARROWEST), WIDEST));
    return this.with({ widths: { ...this.choice.widths, [index]: bounded } });
  }

  /** As wide as the given rows want it. */
  fitted(index: number, rows: readonly Row[]): ColumnLayout {
    const column = this.columns[index];
    return column ? this.resized(index, fittingWidth(column, index, rows)) : this;
  }

  /** Move the column that stands at one place among the visible ones to another. */
  moved(from: number, to: number): ColumnLayout {
    const one = this.placed[from];
    const other = this.placed[to];
    if (!one || !other || from === to) {
      return this;
    }
    const order = this.choice.order.filter((index) => index !== one.index);
    order.splice(order.indexOf(other.index) + (to > from ? 1 : 0), 0, one.index);
    return this.with({ order });
  }

  /** Hide a column; the last one that is visible stays. */
  withHidden(index: number, isHidden: boolean): ColumnLayout {
    const others = this.choice.hidden.filter((one) => one !== index);
    if (isHidden && this.placed.length <= 1) {
      return this;
    }
    return this.with({ hidden: isHidden ? [...others, index] : others });
  }

  allShown(): ColumnLayout {
    return this.with({ hidden: [] });
  }

  /** The same columns, otherwise arranged. */
  with(change: Partial<LayoutChoice>): ColumnLayout {
    return new ColumnLayout(this.columns, this.guessed, { ...this.choice, ...change });
  }
}

function fittingWidth(column: GridColumn, index: number, rows: readonly Row[]): number {
  const heading = Math.max(column.name.length, column.type.length * 0.85) * CHARACTER;
  let longest = 4;
  for (const row of rows) {
    longest = Math.max(longest, cellText(row[index], column)?.length ?? 0);
  }
  const values = longest * CHARACTER;
  const least = isNumeric(column) ? 0 : ROOM_FOR_TEXT; // Later rows are often longer than the first.
  const width = Math.max(heading + HEADER_SIGNS, values, least) + PADDING;
  return Math.round(Math.min(Math.max(width, NARROWEST), WIDEST));
}

import { cellText, isNumeric, shownText } from "./cell-text";
import type { PlacedColumn } from "./column-layout";
import type { ScrollSpace } from "./scroll-space";
import { isInRange, type Range, type Selection } from "./selection";
import type { GridColumn, Row, RowSource } from "./types";

/** Rows that are placed from another row than the first, so that no offset grows too large. */
const BLOCK = 1000;

const CELL =
  "absolute inset-y-0 border-r border-line/60 px-2.5 text-sm leading-7 truncate select-none " +
  "whitespace-pre";
const NUMBER_CELL =
  "absolute inset-y-0 left-0 z-1 border-r border-line bg-sunken px-2 text-right text-xs leading-7 " +
  "text-quiet tabular-nums select-none";
const NULL = " text-quiet italic text-xs! leading-7!";
const SELECTED = " bg-sun-soft";
const ACTIVE =
  " z-1 -outline-offset-2 outline-ink group-focus/grid:bg-sun-soft group-focus/grid:outline-2 " +
  "dark:outline-sun";
const WAITING =
  " before:absolute before:top-2.5 before:left-2.5 before:h-2 before:w-1/2 before:rounded-sm " +
  "before:bg-hover";
const CUT =
  " after:absolute after:right-0 after:bottom-0 after:border-4 after:border-transparent " +
  "after:border-r-warn after:border-b-warn";

/** What the rows show besides the values. */
export interface RowsState {
  columns: readonly PlacedColumn[];
  /** Places of the columns to draw: from, up to and not including. */
  shownColumns: readonly [number, number];
  numbersWidth: number;
  selection: Selection;
  range: Range | null;
  /** The id of the cell that has the focus. */
  activeId: string;
}

interface DrawnRow {
  element: HTMLElement;
  number: HTMLElement;
  /** Beside the numbers; what moves sideways lies in it. */
  clip: HTMLElement;
  moved: HTMLElement;
  cells: HTMLElement[];
  index: number;
  version: number;
  data: Row | undefined;
}

/** Draws the rows that are seen, with as many elements as fit: scrolling reuses them. */
export class GridRows {
  readonly element = make("div", "absolute inset-x-0 bottom-0 overflow-clip", "rowgroup");
  private readonly inner = make("div", "absolute inset-x-0 top-0 will-change-transform", "none");
  private pool: DrawnRow[] = [];
  private version = 0;
  private drawnState: RowsState | null = null;
  private block = -1;
  private classes: string[] = [];

  constructor(private readonly space: ScrollSpace) {
    this.element.append(this.inner);
  }

  draw(source: RowSource, state: RowsState, scrollLeft: number): void {
    const [from, to] = this.space.shown;
    if (state !== this.drawnState) {
      this.drawnState = state;
      this.classes = state.columns.map(({ column }) => cellClasses(column));
      this.version += 1;
    }
    this.fitPool(to - from);
    const block = Math.floor(from / BLOCK);
    if (block !== this.block) {
      this.block = block;
      this.version += 1;
    }
    for (let index = from; index < to; index += 1) {
      this.drawRow(index, source, state);
    }
    this.hideOthers(from, to);
    const offset = this.space.top - this.block * BLOCK * this.space.rowHeight;
    this.inner.style.transform = `translateY(${-offset}px)`;
    this.inner.style.setProperty("--x", `${-scrollLeft}px`);
  }

  /** The width of the column of row numbers for so many rows. */
  static numbersWidth(rowCount: number): number {
    return Math.max(40, Math.ceil(18 + rowCount.toLocaleString("en").length * 7.2));
  }

  private fitPool(count: number): void {
    const wanted = count + 1;
    if (this.pool.length >= wanted && this.pool.length <= wanted + 20) {
      return;
    }
    this.pool = Array.from({ length: wanted + 2 }, (_, at) => this.pool[at] ?? makeRow());
    for (const row of this.pool) {
      row.index = -1;
    }
    this.inner.replaceChildren(...this.pool.map((row) => row.element));
  }

  private drawRow(index: number, source: RowSource, state: RowsState): void {
    const row = this.pool[index % this.pool.length];
    const data = source.row(index);
    if (!row || (row.index === index && row.version === this.version && row.data === data)) {
      return;
    }
    if (row.index !== index || row.version !== this.version) {
      const top = (index - this.block * BLOCK) * this.space.rowHeight;
      row.element.style.transform = `translateY(${top}px)`;
      row.element.style.height = `${this.space.rowHeight}px`;
      row.element.hidden = false;
      row.element.setAttribute("aria-rowindex", String(index + 2));
      row.number.textContent = (index + 1).toLocaleString("en");
      row.number.style.width = `${state.numbersWidth}px`;
      row.clip.style.left = `${state.numbersWidth}px`;
    }
    row.index = index;
    row.version = this.version;
    row.data = data;
    this.drawCells(row, source, state);
  }

  private drawCells(row: DrawnRow, source: RowSource, state: RowsState): void {
    const [first, end] = state.shownColumns;
    while (row.cells.length < end - first) {
      const cell = make("div", "", "gridcell");
      row.cells.push(cell);
      row.moved.append(cell);
    }
    for (const [at, cell] of row.cells.entries()) {
      const placed = state.columns[first + at];
      cell.hidden = placed === undefined || first + at >= end;
      if (placed && !cell.hidden) {
        this.drawCell(cell, row, placed, first + at, source, state);
      }
    }
  }

  private drawCell(
    cell: HTMLElement,
    row: DrawnRow,
    placed: PlacedColumn,
    place: number,
    source: RowSource,
    state: RowsState,
  ): void {
    const { active } = state.selection;
    const isActive = active.row === row.index && active.column === place;
    const isSelected = isInRange(state.range, row.index, place);
    const text = row.data && cellText(row.data[placed.index], placed.column);
    const cut = row.data && source.cutBytes(row.index, placed.index);
    let classes = this.classes[place] ?? "";
    classes += text === null ? NULL : text === undefined ? WAITING : "";
    classes += (isSelected && !isAlone(state.range) ? SELECTED : "") + (isActive ? ACTIVE : "");
    classes += cut ? CUT : "";
    if (cell.className !== classes) {
      cell.className = classes;
    }
    cell.textContent = text === null ? "NULL" : shownText(text ?? "");
    cell.style.left = `${placed.left}px`;
    cell.style.width = `${placed.width}px`;
    cell.setAttribute("aria-colindex", String(place + 2));
    cell.setAttribute("aria-selected", String(isSelected));
    cell.id = isActive ? state.activeId : "";
  }

  private hideOthers(from: number, to: number): void {
    for (const row of this.pool) {
      if (row.index < from || row.index >= to) {
        row.index = -1;
        row.element.hidden = true;
      }
    }
  }
}

function makeRow(): DrawnRow {
  const element = make(
    "div",
    "absolute inset-x-0 top-0 border-b border-line/60 bg-surface contain-strict",
    "row",
  );
  const number = make("div", NUMBER_CELL, "rowheader");
  number.setAttribute("aria-colindex", "1");
  const clip = make("div", "absolute inset-y-0 right-0 overflow-clip", "none");
  const moved = make("div", "absolute inset-0 translate-x-(--x)", "none");
  clip.append(moved);
  element.append(number, clip);
  return { element, number, clip, moved, cells: [], index: -1, version: -1, data: undefined };
}

/** The one cell that has the focus is marked only while the grid has it, too. */
function isAlone(range: Range | null): boolean {
  return range !== null && range.top === range.bottom && range.left === range.right;
}

function cellClasses(column: GridColumn): string {
  const isCode = column.kind !== "text" && column.kind !== "boolean";
  return (
    CELL + (isNumeric(column) ? " text-right" : "") + (isCode ? " font-mono text-[12px]!" : "")
  );
}

export function make(tag: string, classes: string, role?: string): HTMLElement {
  const element = document.createElement(tag);
  element.className = classes;
  if (role) {
    element.setAttribute("role", role);
  }
  return element;
}

/** A cell by its row and its place among the visible columns. Row -1 is the header. */
export interface Cell {
  row: number;
  column: number;
}

/** From the cell where selecting began, `anchor`, to the one that has the focus, `active`. */
export interface Selection {
  anchor: Cell;
  active: Cell;
}

/** Cells from the first up to and including the last. */
export interface Range {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

export interface Size {
  rows: number;
  columns: number;
  /** Rows that PageUp and PageDown move by. */
  page: number;
}

export const HEADER = -1;

export function selectCell(cell: Cell): Selection {
  return { anchor: cell, active: cell };
}

/** The selected cells, or null while the focus is in the header. */
export function rangeOf({ anchor, active }: Selection): Range | null {
  if (active.row === HEADER) {
    return null;
  }
  const first = Math.max(0, anchor.row);
  return {
    top: Math.min(first, active.row),
    bottom: Math.max(first, active.row),
    left: Math.min(anchor.column, active.column),
    right: Math.max(anchor.column, active.column),
  };
}

export function isInRange(range: Range | null, row: number, column: number): boolean {
  return (
    range !== null &&
    row >= range.top &&
    row <= range.bottom &&
    column >= range.left &&
    column <= range.right
  );
}

export function selectRows(from: number, to: number, size: Size): Selection {
  return {
    anchor: { row: from, column: size.columns - 1 },
    active: { row: to, column: 0 },
  };
}

export function selectColumn(column: number, size: Size): Selection {
  return { anchor: { row: size.rows - 1, column }, active: { row: 0, column } };
}

export function selectAll(size: Size): Selection {
  return {
    anchor: { row: size.rows - 1, column: size.columns - 1 },
    active: { row: 0, column: 0 },
  };
}

export interface Pressed {
  key: string;
  shift: boolean;
  /** Ctrl, or Cmd on a Mac. */
  mod: boolean;
}

/** Where a key leads: the pattern of https://www.w3.org/WAI/ARIA/apg/patterns/grid/; else null. */
export function moved(selection: Selection, pressed: Pressed, size: Size): Selection | null {
  const { active } = selection;
  if (pressed.mod && pressed.key.toLowerCase() === "a") {
    return size.rows > 0 ? selectAll(size) : null;
  }
  if (pressed.key === " " && active.row !== HEADER) {
    return selectedBySpace(selection, pressed, size);
  }
  const target = targetOf(active, pressed, size);
  if (!target) {
    return null;
  }
  const bounded = {
    row: Math.min(Math.max(target.row, pressed.shift ? 0 : HEADER), size.rows - 1),
    column: Math.min(Math.max(target.column, 0), size.columns - 1),
  };
  return pressed.shift && active.row !== HEADER
    ? { anchor: selection.anchor, active: bounded }
    : selectCell(bounded);
}

function selectedBySpace({ active }: Selection, pressed: Pressed, size: Size): Selection | null {
  if (pressed.shift) {
    return selectRows(active.row, active.row, size);
  }
  return pressed.mod ? selectColumn(active.column, size) : null;
}

function targetOf({ row, column }: Cell, { key, mod }: Pressed, size: Size): Cell | null {
  const last = size.rows - 1;
  switch (key) {
    case "ArrowUp":
      return { row: mod && row > 0 ? 0 : row - 1, column };
    case "ArrowDown":
      return { row: mod ? last : row + 1, column };
    case "ArrowLeft":
      return { row, column: mod ? 0 : column - 1 };
    case "ArrowRight":
      return { row, column: mod ? size.columns - 1 : column + 1 };
    case "PageUp":
      return { row: row === HEADER ? HEADER : Math.max(0, row - size.page), column };
    case "PageDown":
      return { row: Math.max(0, row) + size.page, column };
    case "Home":
      return { row: mod ? 0 : row, column: 0 };
    case "End":
      return { row: mod ? last : row, column: size.columns - 1 };
    default:
      return null;
  }
}

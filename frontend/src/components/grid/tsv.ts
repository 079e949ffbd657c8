import { cellText } from "./cell-text";
import type { GridColumn, Row } from "./types";

/**
 * Rows as spreadsheets paste them: tabs between cells, quotes where a cell needs them.
 *
 * NULL is an empty cell and the empty text is `""`, as in our CSV. `columns` says which cells of a
 * row are taken, in which order.
 */
export function toTsv(
  rows: readonly Row[],
  columns: readonly { index: number; column: GridColumn }[],
  withHeader = false,
): string {
  const lines = rows.map((row) =>
    columns.map(({ index, column }) => quoted(cellText(row[index], column))).join("\t"),
  );
  if (withHeader) {
    lines.unshift(columns.map(({ column }) => quoted(column.name)).join("\t"));
  }
  return lines.join("\n");
}

function quoted(text: string | null): string {
  if (text === null) {
    return "";
  }
  return text === "" || /["\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

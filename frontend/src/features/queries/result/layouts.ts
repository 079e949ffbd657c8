import { ColumnLayout, type LayoutChoice } from "@/components/grid/column-layout";
import type { GridColumn, Row } from "@/components/grid/types";

const MOST_KEPT = 50;
const kept = new Map<string, LayoutChoice>();

/** The layout a person has given to columns like these, else one that fits the first rows. */
export function layoutFor(columns: readonly GridColumn[], rows: readonly Row[]): ColumnLayout {
  const fitting = ColumnLayout.fitting(columns, rows);
  const choice = kept.get(keyOf(columns));
  return choice ? fitting.with(choice) : fitting;
}

/** Remember a layout for as long as the page lives: sorting and running again keep it. */
export function keepLayout(layout: ColumnLayout): void {
  const key = keyOf(layout.columns);
  kept.delete(key);
  kept.set(key, layout.choice);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) {
      return;
    }
    kept.delete(oldest);
  }
}

function keyOf(columns: readonly GridColumn[]): string {
  return JSON.stringify(columns.map(({ name, type }) => [name, type]));
}

import type { ColumnLayout } from "./column-layout";
import type { SortedColumn } from "./grid-header";
import type { Range, Selection } from "./selection";
import type { RowSource } from "./types";

export interface GridProps {
  label: string;
  source: RowSource;
  layout: ColumnLayout;
  sorted: readonly SortedColumn[];
  filtered: readonly number[];
  isSortable: boolean;
}

export interface GridHandlers {
  onSelect: (selection: Selection, range: Range | null) => void;
  /** Sort by the column of the result with this index; `isAdditive`: after what sorts already. */
  onSort: (index: number, isAdditive: boolean) => void;
  /** Open the menu of a column, below its header. */
  onMenu: (index: number, place: number, box: DOMRect) => void;
  onOpen: (row: number, index: number) => void;
  onLayout: (layout: ColumnLayout) => void;
  onCopy: (range: Range) => void;
}

import type { ColumnLayout } from "./column-layout";
import { dragSelect } from "./drag-select";
import { GridHeader, HEADER_HEIGHT, type HeaderHandlers, type HeaderState } from "./grid-header";
import type { GridHandlers, GridProps } from "./grid-props";
import { GridRows, make, type RowsState } from "./grid-rows";
import { ScrollSpace } from "./scroll-space";
import {
  type Cell,
  HEADER,
  moved,
  rangeOf,
  type Selection,
  type Size,
  selectCell,
  selectRows,
} from "./selection";

export const ROW_HEIGHT = 28;
const LINE = 40;

/**
 * A table of any length: one scroll bar, and as many elements as fit into the window.
 *
 * The rows stand still on a pane and are drawn where the scroll bar says, so that a cell is never
 * blank while the browser scrolls ahead of the page.
 */
export class GridView {
  private readonly activeId: string;
  readonly element = make(
    "div",
    "group/grid relative h-full w-full overflow-auto overscroll-contain bg-surface focus-visible:outline-none",
    "grid",
  );
  private readonly space = new ScrollSpace(ROW_HEIGHT);
  private readonly sizer = make("div", "relative", "none");
  private readonly pane = make("div", "sticky top-0 left-0 overflow-clip", "none");
  private readonly rows = new GridRows(this.space);
  private readonly header: GridHeader;
  private readonly observer = new ResizeObserver(() => this.fit());
  private props: GridProps | null = null;
  private rowsState: RowsState | null = null;
  private headerState: HeaderState | null = null;
  private selection: Selection = selectCell({ row: 0, column: 0 });
  private frame = 0;
  private unsubscribe: () => void = () => undefined;

  constructor(
    id: string,
    private readonly handlers: GridHandlers,
  ) {
    this.activeId = `${id}-active`;
    this.header = new GridHeader(this.headerHandlers());
    this.element.tabIndex = 0;
    this.element.setAttribute("aria-multiselectable", "true");
    this.rows.element.style.top = `${HEADER_HEIGHT}px`;
    this.pane.append(this.header.element, this.rows.element);
    this.sizer.append(this.pane);
    this.element.append(this.sizer);
    this.element.addEventListener("scroll", () => this.follow());
    this.element.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.rows.element.addEventListener("pointerdown", (event) => this.onPress(event));
    this.rows.element.addEventListener("dblclick", () => this.open());
    this.observer.observe(this.element);
  }

  update(props: GridProps): void {
    const before = this.props;
    this.props = props;
    if (before?.source !== props.source) {
      this.unsubscribe();
      this.unsubscribe = props.source.onChange(() => this.schedule());
      this.element.scrollTop = this.space.moveTo(0);
      this.selection = selectCell({ row: 0, column: this.selection.active.column });
    }
    this.element.setAttribute("aria-label", props.label);
    this.element.setAttribute("aria-rowcount", String(props.source.rowCount + 1));
    this.element.setAttribute("aria-colcount", String(props.layout.placed.length + 1));
    this.select(this.selection, false);
    this.fit();
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    this.unsubscribe();
    this.observer.disconnect();
    this.element.remove();
  }

  focus(): void {
    this.element.focus();
  }

  /** Select cells and bring the active one into sight. */
  select(selection: Selection, isRevealed = true): void {
    const { rows, columns } = this.size;
    const bounded = ({ row, column }: Cell): Cell => ({
      row: Math.max(HEADER, Math.min(row, rows - 1)),
      column: Math.max(0, Math.min(column, columns - 1)),
    });
    this.selection = { anchor: bounded(selection.anchor), active: bounded(selection.active) };
    this.invalidate();
    if (isRevealed) {
      this.reveal(this.selection.active);
    }
    this.handlers.onSelect(this.selection, rangeOf(this.selection));
  }

  private get size(): Size {
    const rows = this.props?.source.rowCount ?? 0;
    const page = Math.max(1, Math.floor(this.bodyHeight / ROW_HEIGHT) - 1);
    return { rows, columns: this.props?.layout.placed.length ?? 0, page };
  }

  private get bodyHeight(): number {
    return Math.max(0, this.element.clientHeight - HEADER_HEIGHT);
  }

  private get numbersWidth(): number {
    return GridRows.numbersWidth(this.props?.source.rowCount ?? 0);
  }

  private fit(): void {
    if (!this.props) {
      return;
    }
    this.space.resize(this.props.source.rowCount, this.bodyHeight);
    this.sizer.style.height = `${this.space.scrollHeight + HEADER_HEIGHT}px`;
    this.sizer.style.width = `${this.numbersWidth + this.props.layout.width + 1}px`;
    this.sizer.style.minWidth = "100%";
    this.pane.style.width = `${this.element.clientWidth}px`;
    this.pane.style.height = `${this.element.clientHeight}px`;
    this.invalidate();
  }

  private invalidate(): void {
    this.rowsState = null;
    this.headerState = null;
    this.schedule();
  }

  private schedule(): void {
    if (this.frame === 0) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.draw();
      });
    }
  }

  private draw(): void {
    const { props } = this;
    if (!props) {
      return;
    }
    const { scrollLeft } = this.element;
    const shown = props.layout.shown(scrollLeft, this.element.clientWidth - this.numbersWidth);
    const [first, end] = this.rowsState?.shownColumns ?? [-1, -1];
    if (!this.rowsState || !this.headerState || first !== shown[0] || end !== shown[1]) {
      this.rowsState = this.makeRowsState(props, shown);
      this.headerState = this.makeHeaderState(props, shown);
    }
    this.header.draw(this.headerState, scrollLeft);
    this.rows.draw(props.source, this.rowsState, scrollLeft);
    const active = document.getElementById(this.activeId);
    if (active) {
      this.element.setAttribute("aria-activedescendant", this.activeId);
    } else {
      this.element.removeAttribute("aria-activedescendant");
    }
    props.source.want(...this.space.shown);
  }

  private makeRowsState(props: GridProps, shownColumns: readonly [number, number]): RowsState {
    return {
      columns: props.layout.placed,
      shownColumns,
      numbersWidth: this.numbersWidth,
      selection: this.selection,
      range: rangeOf(this.selection),
      activeId: this.activeId,
    };
  }

  private makeHeaderState(props: GridProps, shownColumns: readonly [number, number]): HeaderState {
    const { numbersWidth, selection, activeId } = this;
    return { ...props, shownColumns, numbersWidth, selection, activeId };
  }

  private headerHandlers(): HeaderHandlers {
    const change = (work: (layout: ColumnLayout) => ColumnLayout) => {
      if (this.props) {
        this.handlers.onLayout(work(this.props.layout));
      }
    };
    return {
      onClick: (place, isAdditive) => {
        this.focus();
        this.select(selectCell({ row: HEADER, column: place }));
        this.sort(place, isAdditive);
      },
      onMenu: (place) => this.openMenu(place),
      onResize: (index, width) => change((layout) => layout.resized(index, width)),
      onFit: (index) => change((layout) => layout.fitted(index, this.rowsInSight())),
      onMove: (from, to) => change((layout) => layout.moved(from, to)),
    };
  }

  /** The rows that are drawn now, as far as they are here. */
  rowsInSight() {
    const [from, to] = this.space.shown;
    const rows = Array.from({ length: to - from }, (_, at) => this.props?.source.row(from + at));
    return rows.filter((row) => row !== undefined);
  }

  private follow(): void {
    this.space.follow(this.element.scrollTop);
    this.schedule();
  }

  private scrollTo(top: number): void {
    this.element.scrollTop = this.space.moveTo(top);
    this.schedule();
  }

  private reveal({ row, column }: Cell): void {
    if (row !== HEADER) {
      this.element.scrollTop = this.space.reveal(row);
    }
    const placed = this.props?.layout.placed[column];
    if (placed) {
      const width = this.element.clientWidth - this.numbersWidth;
      const least = placed.left + placed.width - width;
      const { scrollLeft } = this.element;
      this.element.scrollLeft = Math.min(Math.max(scrollLeft, least), placed.left);
    }
  }

  /** Where the scroll bar is shorter than the rows, the browser's own steps would be too long. */
  private onWheel(event: WheelEvent): void {
    if (!this.space.isScaled || event.ctrlKey || event.deltaY === 0 || event.shiftKey) {
      return;
    }
    event.preventDefault();
    const unit = event.deltaMode === 1 ? LINE : event.deltaMode === 2 ? this.bodyHeight : 1;
    this.element.scrollLeft += event.deltaX * unit;
    this.scrollTo(this.space.top + event.deltaY * unit);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.target !== this.element || !this.props) {
      return;
    }
    const mod = event.ctrlKey || event.metaKey;
    const { active } = this.selection;
    if (this.onCommand(event, mod)) {
      event.preventDefault();
      return;
    }
    if (event.altKey || (event.key === " " && !mod && !event.shiftKey)) {
      return;
    }
    const next = moved(this.selection, { key: event.key, shift: event.shiftKey, mod }, this.size);
    if (next) {
      event.preventDefault();
      this.select(next, event.key !== "a" && !(event.key === " " && mod));
    } else if (event.key === "Escape" && !isSame(this.selection.anchor, active)) {
      event.preventDefault();
      event.stopPropagation();
      this.select(selectCell(active));
    }
  }

  /** Keys that do something with what is selected. */
  private onCommand(event: KeyboardEvent, mod: boolean): boolean {
    const { active } = this.selection;
    const isHeader = active.row === HEADER;
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      this.openMenu(active.column);
    } else if (event.altKey && event.key === "ArrowDown") {
      this.openMenu(active.column);
    } else if (event.altKey && event.shiftKey && /^Arrow(Left|Right)$/.test(event.key)) {
      this.moveColumn(event.key === "ArrowLeft" ? -1 : 1);
    } else if (event.key === "Enter" && !mod) {
      isHeader ? this.sort(active.column, event.shiftKey) : this.open();
    } else if (mod && event.key.toLowerCase() === "c" && !event.altKey) {
      const range = rangeOf(this.selection);
      if (range && this.size.rows > 0) {
        this.handlers.onCopy(range);
      }
    } else {
      return false;
    }
    return true;
  }

  private moveColumn(by: number): void {
    const { active } = this.selection;
    const to = active.column + by;
    if (this.props?.layout.placed[to]) {
      this.handlers.onLayout(this.props.layout.moved(active.column, to));
      this.select(selectCell({ row: active.row, column: to }));
    }
  }

  private sort(place: number, isAdditive: boolean): void {
    const placed = this.props?.layout.placed[place];
    if (placed && this.props?.isSortable) {
      this.handlers.onSort(placed.index, isAdditive);
    }
  }

  private openMenu(place: number): void {
    this.reveal({ row: HEADER, column: place });
    this.draw();
    const placed = this.props?.layout.placed[place];
    const box = this.header.boxOf(place);
    if (placed && box) {
      this.handlers.onMenu(placed.index, place, box);
    }
  }

  private open(): void {
    const { active } = this.selection;
    const placed = this.props?.layout.placed[active.column];
    if (placed && active.row !== HEADER && this.props?.source.row(active.row)) {
      this.handlers.onOpen(active.row, placed.index);
    }
  }

  private onPress(event: PointerEvent): void {
    const cell = this.cellAt(event);
    if (event.button !== 0 || !cell || !this.props) {
      return;
    }
    const isMouse = event.pointerType === "mouse";
    if (isMouse) {
      event.preventDefault(); // No native selection; so the focus has to be set by hand.
    }
    this.element.focus({ preventScroll: true });
    const isNumber = event.clientX - this.element.getBoundingClientRect().left < this.numbersWidth;
    const { anchor } = this.selection;
    const from = event.shiftKey ? { row: Math.max(0, anchor.row), column: anchor.column } : cell;
    const extend = (to: Cell, isRevealed: boolean) =>
      this.select(
        isNumber ? selectRows(from.row, to.row, this.size) : { anchor: from, active: to },
        isRevealed,
      );
    extend(cell, false);
    if (isMouse) {
      dragSelect(event, {
        box: () => {
          const box = this.rows.element.getBoundingClientRect();
          return new DOMRect(
            box.left + this.numbersWidth,
            box.top,
            box.width - this.numbersWidth,
            box.height,
          );
        },
        scrollBy: (x, y) => {
          this.element.scrollLeft += x;
          this.scrollTo(this.space.top + y);
        },
        reach: (pointer) => {
          const reached = this.cellAt(pointer);
          if (reached && !isSame(reached, this.selection.active)) {
            extend(reached, false);
          }
        },
      });
    }
  }

  /** The cell under the pointer, or the nearest one that is seen. */
  private cellAt(event: PointerEvent): Cell | null {
    const { rows, columns } = this.size;
    if (!this.props || rows === 0 || columns === 0) {
      return null;
    }
    const box = this.rows.element.getBoundingClientRect();
    const y = Math.min(Math.max(event.clientY, box.top), box.bottom - 1) - box.top;
    const x = Math.min(Math.max(event.clientX, box.left + this.numbersWidth), box.right - 1);
    const row = Math.floor((this.space.top + y) / ROW_HEIGHT);
    const inRow = x - box.left - this.numbersWidth + this.element.scrollLeft;
    return {
      row: Math.min(row, rows - 1),
      column: Math.max(0, this.props.layout.placeAt(inRow)),
    };
  }
}

function isSame(one: Cell, other: Cell): boolean {
  return one.row === other.row && one.column === other.column;
}

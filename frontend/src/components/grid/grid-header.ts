import type { ColumnLayout, PlacedColumn } from "./column-layout";
import { make } from "./grid-rows";
import { HEADER, type Selection } from "./selection";

export const HEADER_HEIGHT = 44;

const HEAD =
  "group/head absolute inset-y-0 flex items-center border-r border-line bg-sunken pl-2.5 pr-1 " +
  "select-none hover:bg-hover";
const ACTIVE = " z-1 -outline-offset-2 outline-ink group-focus/grid:outline-2 dark:outline-sun";
const MENU =
  "grid size-6 shrink-0 place-items-center rounded-sm text-quiet opacity-0 hover:bg-line " +
  "hover:text-ink group-hover/head:opacity-100 pointer-coarse:opacity-100";
const HANDLE =
  "absolute inset-y-0 -right-1 z-2 w-2 cursor-col-resize touch-none hover:bg-sun active:bg-sun";

export interface SortedColumn {
  index: number;
  direction: "asc" | "desc";
}

export interface HeaderState {
  layout: ColumnLayout;
  shownColumns: readonly [number, number];
  numbersWidth: number;
  selection: Selection;
  activeId: string;
  sorted: readonly SortedColumn[];
  filtered: readonly number[];
  isSortable: boolean;
}

export interface HeaderHandlers {
  onClick: (place: number, isAdditive: boolean) => void;
  onMenu: (place: number) => void;
  onResize: (index: number, width: number) => void;
  onFit: (index: number) => void;
  onMove: (from: number, to: number) => void;
}

interface Head {
  element: HTMLElement;
  name: HTMLElement;
  type: HTMLElement;
  sign: HTMLElement;
  menu: HTMLElement;
  place: number;
}

/** The header row: sorts on click, and its cells are dragged to other places and widths. */
export class GridHeader {
  readonly element = make("div", "absolute inset-x-0 top-0 border-b border-line bg-sunken", "row");
  private readonly corner = make(
    "div",
    "absolute inset-y-0 left-0 z-2 border-r border-line bg-sunken",
    "columnheader",
  );
  private readonly clip = make("div", "absolute inset-y-0 right-0 overflow-clip", "none");
  private readonly track = make("div", "absolute inset-0", "none");
  private readonly mark = make("div", "absolute inset-y-0 z-3 w-0.5 bg-sun-text", "none");
  private readonly heads: Head[] = [];
  private state: HeaderState | null = null;
  private scrollLeft = 0;

  constructor(private readonly handlers: HeaderHandlers) {
    this.element.setAttribute("aria-rowindex", "1");
    this.element.style.height = `${HEADER_HEIGHT}px`;
    this.corner.setAttribute("aria-colindex", "1");
    this.corner.setAttribute("aria-label", "Row");
    this.mark.hidden = true;
    this.clip.append(this.track);
    this.track.append(this.mark);
    this.element.append(this.corner, this.clip);
  }

  draw(state: HeaderState, scrollLeft: number): void {
    this.scrollLeft = scrollLeft;
    this.track.style.transform = `translateX(${-scrollLeft}px)`;
    if (state === this.state) {
      return;
    }
    this.state = state;
    this.corner.style.width = `${state.numbersWidth}px`;
    this.clip.style.left = `${state.numbersWidth}px`;
    const [first, end] = state.shownColumns;
    while (this.heads.length < end - first) {
      this.heads.push(this.makeHead());
    }
    for (const [at, head] of this.heads.entries()) {
      const placed = state.layout.placed[first + at];
      head.element.hidden = placed === undefined || first + at >= end;
      if (placed && !head.element.hidden) {
        this.drawHead(head, placed, first + at, state);
      }
    }
  }

  /** Where the header of a column stands on the screen, for a menu below it. */
  boxOf(place: number): DOMRect | undefined {
    const head = this.heads.find((one) => one.place === place && !one.element.hidden);
    return head?.element.getBoundingClientRect();
  }

  private drawHead(head: Head, placed: PlacedColumn, place: number, state: HeaderState): void {
    const { active } = state.selection;
    const isActive = active.row === HEADER && active.column === place;
    const at = state.sorted.findIndex((one) => one.index === placed.index);
    const direction = state.sorted[at]?.direction;
    head.place = place;
    head.element.className = HEAD + (isActive ? ACTIVE : "");
    head.element.style.left = `${placed.left}px`;
    head.element.style.width = `${placed.width}px`;
    head.element.style.cursor = state.isSortable ? "pointer" : "default";
    head.element.id = isActive ? state.activeId : "";
    head.element.setAttribute("aria-colindex", String(place + 2));
    head.element.title = `${placed.column.name} · ${placed.column.type}`;
    setSort(head.element, direction);
    head.name.textContent = placed.column.name || "?column?";
    head.type.textContent = placed.column.type;
    const order = state.sorted.length > 1 && direction ? String(at + 1) : "";
    const arrow = direction ? (direction === "asc" ? "↑" : "↓") : "";
    head.sign.textContent =
      arrow + order + (state.filtered.includes(placed.index) ? " filtered" : "");
    head.menu.setAttribute("aria-label", `Menu of ${placed.column.name || "?column?"}`);
  }

  private makeHead(): Head {
    const element = make("div", HEAD, "columnheader");
    const texts = make("div", "min-w-0 flex-1 leading-tight");
    const line = make("div", "flex items-baseline gap-1.5");
    const name = make("span", "truncate text-sm font-medium text-ink");
    const sign = make("span", "shrink-0 text-xs font-semibold text-sun-text");
    const type = make("div", "truncate text-xs text-quiet");
    line.append(name, sign);
    texts.append(line, type);
    const menu = make("button", MENU);
    menu.setAttribute("type", "button");
    menu.tabIndex = -1;
    menu.textContent = "⋮";
    const handle = make("div", HANDLE, "none");
    element.append(texts, menu, handle);
    this.track.append(element);
    const head: Head = { element, name, type, sign, menu, place: -1 };
    menu.addEventListener("click", () => this.handlers.onMenu(head.place));
    handle.addEventListener("pointerdown", (event) => this.resize(head, event));
    handle.addEventListener("dblclick", () =>
      this.with(head, (one) => this.handlers.onFit(one.index)),
    );
    texts.addEventListener("pointerdown", (event) => this.press(head, event));
    element.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.handlers.onMenu(head.place);
    });
    return head;
  }

  private with(head: Head, work: (placed: PlacedColumn) => void): void {
    const placed = this.state?.layout.placed[head.place];
    if (placed) {
      work(placed);
    }
  }

  private resize(head: Head, event: PointerEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.with(head, ({ index, width }) => {
      const from = event.clientX;
      follow(event, (move) => this.handlers.onResize(index, width + move.clientX - from));
    });
  }

  /** A press that moves drags the column to another place; one that does not is a click. */
  private press(head: Head, event: PointerEvent): void {
    if (event.button !== 0) {
      return;
    }
    const { place } = head;
    let target = place;
    let isDragged = false;
    const onMove = (move: PointerEvent) => {
      isDragged ||= event.pointerType === "mouse" && Math.abs(move.clientX - event.clientX) > 6;
      if (isDragged && this.state) {
        const x = move.clientX - this.clip.getBoundingClientRect().left + this.scrollLeft;
        target = this.state.layout.placeAt(x);
        this.showMark(place, target);
      }
    };
    follow(event, onMove, (isCancelled) => {
      this.mark.hidden = true;
      if (isDragged) {
        this.handlers.onMove(place, isCancelled ? place : target);
      } else if (!isCancelled) {
        this.handlers.onClick(place, event.shiftKey);
      }
    });
  }

  private showMark(from: number, to: number): void {
    const placed = this.state?.layout.placed[to];
    this.mark.hidden = placed === undefined || from === to;
    if (placed) {
      this.mark.style.left = `${to > from ? placed.left + placed.width - 1 : placed.left}px`;
    }
  }
}

function setSort(element: HTMLElement, direction: "asc" | "desc" | undefined): void {
  if (direction) {
    element.setAttribute("aria-sort", direction === "asc" ? "ascending" : "descending");
  } else {
    element.removeAttribute("aria-sort");
  }
}

/** Follow a pointer until it is let go; Escape cancels. */
export function follow(
  start: PointerEvent,
  onMove: (event: PointerEvent) => void,
  onEnd: (isCancelled: boolean) => void = () => undefined,
): void {
  const stop = new AbortController();
  const end = (isCancelled: boolean) => {
    stop.abort();
    onEnd(isCancelled);
  };
  const options = { signal: stop.signal };
  const isMine = (event: PointerEvent) => event.pointerId === start.pointerId;
  window.addEventListener("pointermove", (event) => isMine(event) && onMove(event), options);
  window.addEventListener("pointerup", (event) => isMine(event) && end(false), options);
  window.addEventListener("pointercancel", (event) => isMine(event) && end(true), options);
  window.addEventListener("keydown", (event) => event.key === "Escape" && end(true), options);
}

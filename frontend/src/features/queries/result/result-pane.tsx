import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { Problem } from "@/api/problem";
import { Button } from "@/components/button";
import { ChunkedRows } from "@/components/grid/chunked-rows";
import type { ColumnLayout } from "@/components/grid/column-layout";
import { copyRange } from "@/components/grid/copy-range";
import { Grid, type GridHandle } from "@/components/grid/grid";
import type { GridHandlers } from "@/components/grid/grid-props";
import { HEADER, type Range, type Selection } from "@/components/grid/selection";
import type { CellValue, GridColumn, Row } from "@/components/grid/types";
import { ProblemView } from "@/components/problem-view";
import { notify } from "@/components/toast";
import { announce } from "@/lib/announce";
import { cn } from "@/lib/cn";
import { GREYED } from "@/lib/greyed";
import { type Run, rowsText } from "../run/run";
import { runApi } from "../run/run-api";
import { CellDialog } from "./cell-dialog";
import { ColumnMenu, type ColumnMenuProps } from "./column-menu";
import { FilterDialog } from "./filter-dialog";
import { getRows, hasNested } from "./get-rows";
import { keepLayout, layoutFor } from "./layouts";
import { ResultToolbar } from "./result-toolbar";
import { useDownload } from "./use-download";
import { useView } from "./use-view";
import { filteredBy, sortedBy } from "./views";

export interface ResultPaneProps {
  run: Run;
  /** It is older than what was asked last. */
  isStale: boolean;
  /** Another look at the same result, sorted and filtered, or the same question asked again. */
  onView: (run: Run) => void;
  /** What is said about the run, above its rows. */
  children?: ReactNode;
}

/** The rows of a run: scrolled, sorted, filtered, copied, looked into and downloaded. */
export function ResultPane({ run, isStale, onView, children }: ResultPaneProps) {
  const columns = (run.columns ?? []) as readonly GridColumn[];
  const source = useSource(run, columns);
  const [layout, setLayout] = useState(() => layoutFor(columns, firstRows(run)));
  const [selection, setSelection] = useState<{ at: Selection; range: Range | null } | null>(null);
  const [menu, setMenu] = useState<ColumnMenuProps["at"]>(null);
  const [cell, setCell] = useState<{ row: number; index: number } | null>(null);
  const [filtering, setFiltering] = useState<{ index: number; at: number | null } | null>(null);
  const state = useView(run, onView);
  const download = useDownload();
  const grid = useRef<GridHandle>(null);
  const { view } = state;
  const isSortable = isSelect(run);
  const changeLayout = (next: ColumnLayout) => {
    keepLayout(next);
    setLayout(next);
  };
  const fit = (index: number) =>
    changeLayout(layout.fitted(index, grid.current?.view()?.rowsInSight() ?? []));
  const handlers: GridHandlers = {
    onSelect: (at, range) => setSelection({ at, range }),
    onSort: (index, isAdditive) => state.change(sortedBy(view, index, isAdditive)),
    onMenu: (index, place, box) => setMenu({ index, place, box }),
    onOpen: (row, index) => setCell({ row, index }),
    onLayout: changeLayout,
    onCopy: (range) => copy(source, layout, range),
  };
  const sorted = useMemo(
    () => view.sort.map(({ column, direction }) => ({ index: column, direction })),
    [view],
  );
  const filtered = useMemo(() => view.filter.map(({ column }) => column), [view]);
  const shownColumn = cell && columns[cell.index];
  const filteredColumn = filtering && columns[filtering.index];
  return (
    <div className="flex min-h-0 min-w-0 flex-1 flex-col">
      <ResultToolbar
        queryId={run.id}
        {...{ columns, layout, state, download }}
        isForeignView={run.origin === "view" && state.baseId === run.id}
        onLayout={changeLayout}
        onFilter={(at) => setFiltering({ index: view.filter[at]?.column ?? 0, at })}
      >
        {children}
      </ResultToolbar>
      <Failures source={source} run={run} state={state} onView={onView} />
      <div className={cn("relative min-h-0 flex-1", state.isPending && GREYED)}>
        {source.rowCount === 0 && <NoRows isFiltered={view.filter.length > 0} />}
        <Grid
          ref={grid}
          label={`${isStale ? "Earlier rows" : "Rows"}, ${rowsText(source.rowCount)}`}
          {...{ source, layout, sorted, filtered, isSortable, handlers }}
        />
      </div>
      <Status source={source} layout={layout} selection={selection} />
      <ColumnMenu
        at={menu}
        {...{ layout, view, isSortable }}
        onClose={() => {
          setMenu(null);
          grid.current?.focus();
        }}
        onView={state.change}
        onLayout={changeLayout}
        onFilter={(index) =>
          setFiltering({ index, at: lastOf(view.filter.map((one) => one.column === index)) })
        }
        onFit={fit}
        onCopy={(place) =>
          copy(source, layout, { top: 0, bottom: source.rowCount - 1, left: place, right: place })
        }
      />
      {cell && shownColumn && (
        <CellDialog
          queryId={run.id}
          column={shownColumn}
          {...{ source, ...cell }}
          onClose={() => setCell(null)}
        />
      )}
      {filtering && filteredColumn && (
        <FilterDialog
          queryId={state.baseId}
          column={filteredColumn}
          index={filtering.index}
          filter={filtering.at === null ? null : (view.filter[filtering.at] ?? null)}
          onClose={() => setFiltering(null)}
          onApply={(filter) => {
            setFiltering(null);
            state.change(filteredBy(view, filter, filtering.at));
          }}
        />
      )}
    </div>
  );
}

function NoRows({ isFiltered }: { isFiltered: boolean }) {
  return (
    <p className="pointer-events-none absolute inset-x-0 top-20 z-1 px-4 text-center text-quiet">
      {isFiltered ? "No row fits the filters." : "The query ran, and found no rows."}
    </p>
  );
}

function useSource(run: Run, columns: readonly GridColumn[]): ChunkedRows {
  // biome-ignore lint/correctness/useExhaustiveDependencies: a run that is over never changes.
  const source = useMemo(() => {
    const isKnown = run.rows !== null && !hasNested(columns);
    return new ChunkedRows({
      rowCount: run.row_count ?? run.rows?.length ?? 0,
      load: (offset, limit, signal) => getRows(run.id, columns, offset, limit, signal),
      ...(isKnown ? { first: { rows: run.rows as Row[], cutCells: run.cut_cells } } : {}),
    });
  }, [run.id]);
  useEffect(() => {
    const again = () => source.retry();
    globalThis.addEventListener("online", again);
    return () => {
      globalThis.removeEventListener("online", again);
      source.stop();
    };
  }, [source]);
  return source;
}

/** Some rows to measure columns by; JSON in them is about as long as its text. */
function firstRows(run: Run): Row[] {
  const text = (cell: unknown) =>
    typeof cell === "object" && cell !== null ? JSON.stringify(cell) : (cell as CellValue);
  return (run.rows ?? []).slice(0, 200).map((row) => row.map(text));
}

/** What stands in the way of more rows, or of another look at them; what is here stays. */
function Failures({
  source,
  run,
  state,
  onView,
}: {
  source: ChunkedRows;
  run: Run;
  state: ReturnType<typeof useView>;
  onView: (run: Run) => void;
}) {
  const [, redraw] = useState(0);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => source.onChange(() => redraw((count) => count + 1)), [source]);
  const { failure } = source;
  const isGone = failure instanceof Problem && failure.code === "result_expired";
  const askAgain = () => {
    setAsking(true);
    runApi
      .askAgain(run.id, new AbortController().signal)
      .then(onView, notify.failed)
      .finally(() => setAsking(false));
  };
  return (
    <>
      {failure !== null && (
        <div className="border-b border-line p-2">
          <ProblemView
            error={failure}
            isInline
            isRetrying={isAsking}
            onRetry={isGone ? askAgain : () => source.retry()}
          />
        </div>
      )}
      {state.error !== null && <ViewFailure state={state} />}
    </>
  );
}

/** The way a result was to be looked at, refused; the rows below are those of before. */
function ViewFailure({ state }: { state: ReturnType<typeof useView> }) {
  const { error, retry, dismiss } = state;
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-2 border-b border-line bg-bad-soft p-2 pl-4"
    >
      <div className="min-w-60 flex-1">
        <p className="font-semibold">The result stays as it was</p>
        <p className="text-sm">{error instanceof Error ? error.message : String(error)}</p>
      </div>
      <Button size="sm" onClick={retry}>
        Try again
      </Button>
      <Button size="sm" onClick={dismiss}>
        Dismiss
      </Button>
    </div>
  );
}

function Status({
  source,
  layout,
  selection,
}: {
  source: ChunkedRows;
  layout: ColumnLayout;
  selection: { at: Selection; range: Range | null } | null;
}) {
  if (!selection || source.rowCount === 0) {
    return null;
  }
  const { at, range } = selection;
  const column = layout.placed[at.active.column]?.column.name ?? "";
  const rows = range ? range.bottom - range.top + 1 : 0;
  const wide = range ? range.right - range.left + 1 : 0;
  return (
    <p className="flex gap-4 border-t border-line bg-sunken px-3 py-1 text-xs text-quiet tabular-nums">
      <span className="min-w-0 truncate">
        {at.active.row === HEADER
          ? column
          : [rowText(at.active.row, source.rowCount), column].filter(Boolean).join(" · ")}
      </span>
      {rows * wide > 1 && (
        <span className="whitespace-nowrap">
          {rowsText(rows)} × {wide} selected
        </span>
      )}
    </p>
  );
}

function rowText(row: number, count: number): string {
  return `Row ${(row + 1).toLocaleString("en")} of ${count.toLocaleString("en")}`;
}

function copy(source: ChunkedRows, layout: ColumnLayout, range: Range): void {
  const isWhole = range.top === 0 && range.bottom === source.rowCount - 1 && range.left === 0;
  const withHeader = isWhole && range.right === layout.placed.length - 1;
  copyRange(source, layout, range, withHeader).then((cells) => {
    const text = `Copied ${cells.toLocaleString("en")} ${cells === 1 ? "cell" : "cells"}`;
    announce(text);
    if (cells > 1) {
      notify.done(text);
    }
  }, notify.failed);
}

/** What CALL, SHOW and EXPLAIN answer cannot be sorted: PostgreSQL takes them from no query. */
function isSelect(run: Run): boolean {
  const words = run.sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, " ").trimStart();
  return !/^(call|show|explain)\b/i.test(words);
}

function lastOf(matches: readonly boolean[]): number | null {
  const at = matches.lastIndexOf(true);
  return at < 0 ? null : at;
}

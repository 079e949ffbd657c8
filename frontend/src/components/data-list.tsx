import { ArrowDown, ArrowUp, ChevronsUpDown, Search } from "lucide-react";
import { type ReactNode, useId } from "react";
import type { ListQuery } from "@/api/list-query";
import { cn } from "@/lib/cn";
import { type SortState, sorted } from "@/lib/sorting";
import { Button } from "./button";
import { EmptyState, type EmptyStateProps } from "./empty-state";
import { inputClasses } from "./field";
import { ProblemView } from "./problem-view";
import { SkeletonRows } from "./skeleton";

export interface DataColumn<T> {
  key: string;
  title: string;
  cell: (row: T) => ReactNode;
  /** Makes the column sortable: what to compare. */
  sortBy?: (row: T) => string | number | null;
  align?: "start" | "end";
  /** Where there is no room, the less important columns go. */
  hidesOnPhone?: boolean;
}

export interface DataListProps<T> {
  /** What it lists, for screen readers: "Connections". */
  label: string;
  list: ListQuery<T>;
  rowKey: (row: T) => string;
  columns: readonly DataColumn<T>[];
  /** The text of the search field; keep it in the URL. */
  search?: { value: string; onChange: (text: string) => void; label: string };
  /** Given, rows are searched here, over the whole list; left out, the API has searched. */
  matches?: (row: T, text: string) => boolean;
  sort?: SortState | undefined;
  onSort?: (sort: SortState) => void;
  /** Small buttons or a menu at the end of each row. */
  rowActions?: (row: T) => ReactNode;
  empty: EmptyStateProps;
  /** Filters beside the search field. */
  filters?: ReactNode;
}

/** A list of things with a search, sortable columns and more on demand. */
export function DataList<T>(props: DataListProps<T>) {
  const { list, search, matches, filters, sort, columns, label } = props;
  const text = search?.value.trim() ?? "";
  const found = matches && text ? list.items.filter((row) => matches(row, text)) : list.items;
  const by = columns.find((column) => column.key === sort?.key)?.sortBy;
  const rows = sort && by ? sorted(found, by, sort.direction) : found;
  return (
    <section aria-label={label} className="flex flex-col gap-3">
      {(search || filters) && (
        <div className="flex flex-wrap items-end gap-2">
          {search && <SearchField {...search} onSearch={matches ? list.loadAll : undefined} />}
          {filters}
        </div>
      )}
      <div className="overflow-hidden rounded-lg border border-line bg-surface">
        <Body {...props} rows={rows} isSearching={text !== ""} />
      </div>
    </section>
  );
}

function SearchField(props: {
  value: string;
  onChange: (text: string) => void;
  label: string;
  onSearch: (() => Promise<void>) | undefined;
}) {
  const id = useId();
  return (
    <div className="relative w-full sm:w-72">
      <label htmlFor={id} className="sr-only">
        {props.label}
      </label>
      <Search
        aria-hidden
        size={16}
        className="pointer-events-none absolute top-1/2 left-3 -translate-y-1/2 text-quiet"
      />
      <input
        id={id}
        type="search"
        value={props.value}
        placeholder={props.label}
        onFocus={() => void props.onSearch?.()}
        onChange={(event) => props.onChange(event.currentTarget.value)}
        className={cn(inputClasses, "pl-9")}
      />
    </div>
  );
}

function Body<T>(props: DataListProps<T> & { rows: T[]; isSearching: boolean }) {
  const { list, rows, isSearching, empty, search, label } = props;
  if (list.isPending) {
    return <SkeletonRows />;
  }
  if (list.error && list.items.length === 0) {
    return <ProblemView error={list.error} onRetry={list.refetch} isRetrying={list.isRefetching} />;
  }
  if (rows.length === 0 && isSearching) {
    return (
      <EmptyState
        icon={Search}
        title="Nothing matches"
        detail={`No entry has “${search?.value.trim()}” in it.`}
        action={<Button onClick={() => search?.onChange("")}>Clear the search</Button>}
      />
    );
  }
  if (rows.length === 0) {
    return <EmptyState {...empty} />;
  }
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys. */}
      <section className="overflow-x-auto" tabIndex={0} aria-label={`${label}, table`}>
        <Table {...props} />
      </section>
      {list.error !== null && <ProblemView error={list.error} onRetry={list.loadMore} isInline />}
      {list.hasMore && (
        <div className="flex justify-center border-t border-line p-2">
          <Button size="sm" variant="quiet" onClick={list.loadMore} isPending={list.isLoadingMore}>
            Load more
          </Button>
        </div>
      )}
    </>
  );
}

function Table<T>({
  rows,
  columns,
  sort,
  onSort,
  list,
  rowKey,
  rowActions,
}: DataListProps<T> & { rows: T[] }) {
  const sortBy = (key: string) => {
    const isSame = sort?.key === key;
    void list.loadAll();
    onSort?.({
      key,
      direction: isSame && sort.direction === "ascending" ? "descending" : "ascending",
    });
  };
  return (
    <table className="w-full border-collapse text-left">
      <thead>
        <tr className="border-b border-line bg-sunken text-sm text-quiet">
          {columns.map((column) => (
            <Heading key={column.key} column={column} sort={sort} onSort={onSort && sortBy} />
          ))}
          {rowActions && (
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)} className="border-b border-line last:border-b-0 hover:bg-hover/50">
            {columns.map(({ key, cell, align, hidesOnPhone }) => (
              <td
                key={key}
                className={cn(
                  "h-11 px-3 py-1.5 align-middle",
                  align === "end" && "text-right",
                  hidesOnPhone && "max-sm:hidden",
                )}
              >
                {cell(row)}
              </td>
            ))}
            {rowActions && (
              <td className="w-px px-2 text-right whitespace-nowrap">{rowActions(row)}</td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Heading<T>(props: {
  column: DataColumn<T>;
  sort: SortState | undefined;
  onSort: ((key: string) => void) | undefined;
}) {
  const { column, sort, onSort } = props;
  const direction = sort?.key === column.key ? sort.direction : undefined;
  const Icon =
    direction === "ascending" ? ArrowUp : direction === "descending" ? ArrowDown : ChevronsUpDown;
  return (
    <th
      scope="col"
      aria-sort={direction}
      className={cn(
        "h-9 px-3 font-medium whitespace-nowrap",
        column.align === "end" && "text-right",
        column.hidesOnPhone && "max-sm:hidden",
      )}
    >
      {column.sortBy && onSort ? (
        <button
          type="button"
          onClick={() => onSort(column.key)}
          className="-mx-1.5 inline-flex h-7 items-center gap-1 rounded-sm px-1.5 hover:text-ink"
        >
          {column.title}
          <Icon aria-hidden size={13} className={direction ? "text-ink" : "opacity-60"} />
        </button>
      ) : (
        column.title
      )}
    </th>
  );
}

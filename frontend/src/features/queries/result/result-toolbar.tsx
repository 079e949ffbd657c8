import { Columns3, Download, Filter as FilterIcon, X } from "lucide-react";
import type { ReactNode } from "react";
import { Button, IconButton } from "@/components/button";
import { Flash } from "@/components/flash";
import type { ColumnLayout } from "@/components/grid/column-layout";
import type { GridColumn } from "@/components/grid/types";
import { Menu } from "@/components/menu";
import { Tag } from "@/components/tag";
import { rowsText } from "../run/run";
import { type FileFormat, FORMATS, type useDownload } from "./use-download";
import type { ViewState } from "./use-view";
import { type Filter, filterText, NO_VIEW } from "./views";

export interface ResultToolbarProps {
  queryId: string;
  columns: readonly GridColumn[];
  layout: ColumnLayout;
  state: ViewState;
  /** It was sorted or filtered, and this page does not know how. */
  isForeignView: boolean;
  download: ReturnType<typeof useDownload>;
  onLayout: (layout: ColumnLayout) => void;
  onFilter: (at: number) => void;
  /** What is said about the run, first of all. */
  children?: ReactNode;
}

/** Above the rows: the filters, the columns, and the way out as a file. */
export function ResultToolbar(props: ResultToolbarProps) {
  const { queryId, columns, layout, state, download, onLayout, onFilter, isForeignView, children } =
    props;
  const { view, isPending, change, cancel } = state;
  return (
    <div
      role="toolbar"
      aria-label="Result"
      className="flex min-h-10 flex-wrap items-center gap-1.5 border-b border-line px-2 py-1"
    >
      {children}
      {isForeignView && <Tag>Sorted or filtered</Tag>}
      {view.filter.map((filter, at) => (
        <FilterChip
          // biome-ignore lint/suspicious/noArrayIndexKey: filters have no other name.
          key={at}
          filter={filter}
          columns={columns}
          onOpen={() => onFilter(at)}
          onRemove={() => change({ ...view, filter: view.filter.toSpliced(at, 1) })}
        />
      ))}
      {(view.filter.length > 0 || view.sort.length > 0) && !isPending && (
        <Button size="sm" variant="quiet" onClick={() => change(NO_VIEW)}>
          Clear sorting and filters
        </Button>
      )}
      {isPending && (
        <span className="flex items-center gap-2 text-sm text-quiet">
          <Flash /> PostgreSQL sorts and filters…
          <Button size="sm" variant="quiet" onClick={cancel}>
            Cancel
          </Button>
        </span>
      )}
      <span className="ml-auto flex items-center gap-1.5">
        <ColumnsMenu layout={layout} onLayout={onLayout} />
        <DownloadMenu queryId={queryId} download={download} />
      </span>
    </div>
  );
}

function FilterChip({
  filter,
  columns,
  onOpen,
  onRemove,
}: {
  filter: Filter;
  columns: readonly GridColumn[];
  onOpen: () => void;
  onRemove: () => void;
}) {
  const text = filterText(filter, columns);
  return (
    <span className="flex max-w-full items-center rounded-md border border-line bg-sun-soft">
      <button
        type="button"
        onClick={onOpen}
        className="flex min-h-7 min-w-0 items-center gap-1.5 pl-2 text-sm text-ink"
      >
        <FilterIcon aria-hidden size={13} className="shrink-0 text-sun-text" />
        <span className="truncate">{text}</span>
      </button>
      <IconButton icon={X} size="sm" label={`Remove the filter: ${text}`} onClick={onRemove} />
    </span>
  );
}

function ColumnsMenu({
  layout,
  onLayout,
}: {
  layout: ColumnLayout;
  onLayout: (layout: ColumnLayout) => void;
}) {
  const hidden = layout.choice.hidden;
  const label = hidden.length > 0 ? `Columns, ${hidden.length} hidden` : "Columns";
  return (
    <Menu
      trigger={
        <Button size="sm" variant="quiet" icon={Columns3}>
          {label}
        </Button>
      }
      items={[
        ...(hidden.length > 0
          ? ([
              { label: "Show all columns", onSelect: () => onLayout(layout.allShown()) },
              "separator",
            ] as const)
          : []),
        ...layout.choice.order.map((index) => ({
          label: nameOf(layout, index),
          isChecked: !hidden.includes(index),
          staysOpen: true,
          onSelect: () => onLayout(layout.withHidden(index, !hidden.includes(index))),
        })),
      ]}
    />
  );
}

/** Names may come twice; a menu needs each to be told from the others. */
function nameOf(layout: ColumnLayout, index: number): string {
  const name = layout.columns[index]?.name || "?column?";
  const isTwice = layout.columns.some((one, at) => at !== index && one.name === name);
  return isTwice ? `${name} (column ${index + 1})` : name;
}

function DownloadMenu({
  queryId,
  download: { current, start, cancel },
}: {
  queryId: string;
  download: ReturnType<typeof useDownload>;
}) {
  if (current) {
    const share = current.progress === null ? null : Math.floor(current.progress * 100);
    return (
      <span className="flex items-center gap-2 text-sm">
        <progress
          aria-label={`Writing ${FORMATS[current.format]}`}
          max={100}
          {...(share === null ? {} : { value: share })}
          className="h-1.5 w-24 accent-sun"
        />
        <span className="text-quiet tabular-nums">
          {FORMATS[current.format]}
          {share === null ? "" : ` ${share} %`}
          {current.rows ? `, ${rowsText(current.rows)}` : ""}
        </span>
        <Button size="sm" variant="quiet" onClick={cancel}>
          Cancel
        </Button>
      </span>
    );
  }
  return (
    <Menu
      trigger={
        <Button size="sm" variant="quiet" icon={Download}>
          Download
        </Button>
      }
      header={<span className="text-quiet">The whole result, as it is sorted and filtered</span>}
      items={(Object.keys(FORMATS) as FileFormat[]).map((format) => ({
        label: FORMATS[format],
        onSelect: () => start(queryId, format),
      }))}
    />
  );
}

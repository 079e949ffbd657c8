import {
  ChevronRight,
  Database,
  Eye,
  KeyRound,
  Link2,
  type LucideIcon,
  SquareFunction,
  Table2,
} from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { cn } from "@/lib/cn";
import type { TreeKind, TreeRow } from "./tree-rows";

const ROW = 26;
const AROUND = 12;

const icons: Partial<Record<TreeKind, LucideIcon>> = {
  schema: Database,
  table: Table2,
  view: Eye,
  routine: SquareFunction,
};

export interface SchemaTreeProps {
  rows: readonly TreeRow[];
  onToggle: (row: TreeRow) => void;
  /** Write it into the editor. */
  onInsert: (text: string) => void;
}

/**
 * The tree. Only the lines in sight are in the page, so it is one stop of the Tab key, and the arrows
 * move inside it.
 */
export function SchemaTree({ rows, onToggle, onInsert }: SchemaTreeProps) {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [span, setSpan] = useState({ top: 0, height: 600 });
  const [activeId, setActiveId] = useState<string | null>(null);
  const found = rows.findIndex((row) => row.id === activeId);
  const active = Math.max(0, found);
  useEffect(() => {
    const box = scroller.current;
    if (!box) {
      return;
    }
    const watch = new ResizeObserver(() =>
      setSpan({ top: box.scrollTop, height: box.clientHeight }),
    );
    watch.observe(box);
    return () => watch.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(span.top / ROW) - AROUND);
  const last = Math.min(rows.length, Math.ceil((span.top + span.height) / ROW) + AROUND);
  // What has the focus stays in the page, wherever it was scrolled to.
  const shown = rows.slice(first, last).map((row, index) => ({ row, index: first + index }));
  const activeRow = rows[active];
  if (activeRow && (active < first || active >= last)) {
    shown.push({ row: activeRow, index: active });
  }
  const goTo = (index: number) => {
    const row = rows[Math.max(0, Math.min(index, rows.length - 1))];
    if (row) {
      setActiveId(row.id);
      reveal(scroller.current, rows.indexOf(row));
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (activeRow && handleKey(event.key, active, rows, { goTo, onToggle, onInsert })) {
      event.preventDefault();
    }
  };
  return (
    <div
      ref={scroller}
      role="tree"
      aria-label="Tables and columns"
      tabIndex={0}
      aria-activedescendant={activeRow ? `${id}-${active}` : undefined}
      onKeyDown={onKeyDown}
      onScroll={(event) => {
        const { scrollTop, clientHeight } = event.currentTarget;
        setSpan({ top: scrollTop, height: clientHeight });
      }}
      className="group/tree min-h-0 flex-1 overflow-auto py-1 focus-visible:outline-offset-[-2px]"
    >
      <div role="presentation" className="relative" style={{ height: rows.length * ROW }}>
        {shown.map(({ row, index }) => (
          <TreeLine
            key={row.id}
            id={`${id}-${index}`}
            row={row}
            top={index * ROW}
            isActive={index === active}
            onToggle={() => {
              setActiveId(row.id);
              onToggle(row);
            }}
            onInsert={() => {
              setActiveId(row.id);
              onInsert(row.insert);
            }}
          />
        ))}
      </div>
    </div>
  );
}

interface Acts extends Pick<SchemaTreeProps, "onToggle" | "onInsert"> {
  goTo: (index: number) => void;
}

function handleKey(key: string, at: number, rows: readonly TreeRow[], acts: Acts): boolean {
  const row = rows[at] as TreeRow;
  switch (key) {
    case "ArrowDown":
      acts.goTo(at + 1);
      return true;
    case "ArrowUp":
      acts.goTo(at - 1);
      return true;
    case "Home":
      acts.goTo(0);
      return true;
    case "End":
      acts.goTo(rows.length - 1);
      return true;
    case "PageDown":
      acts.goTo(at + 15);
      return true;
    case "PageUp":
      acts.goTo(at - 15);
      return true;
    case "ArrowRight":
      if (row.isOpen === false) {
        acts.onToggle(row);
      } else if (row.isOpen) {
        acts.goTo(at + 1);
      }
      return true;
    case "ArrowLeft":
      if (row.isOpen) {
        acts.onToggle(row);
      } else {
        acts.goTo(rows.findLastIndex((one, index) => index < at && one.level < row.level));
      }
      return true;
    case "Enter":
    case " ":
      if (row.insert) {
        acts.onInsert(row.insert);
      } else if (row.isOpen !== null) {
        acts.onToggle(row);
      }
      return true;
    default:
      return false;
  }
}

function reveal(box: HTMLDivElement | null, index: number): void {
  if (!box) {
    return;
  }
  const top = index * ROW;
  if (top < box.scrollTop) {
    box.scrollTop = top;
  } else if (top + ROW > box.scrollTop + box.clientHeight - 8) {
    box.scrollTop = top + ROW - box.clientHeight + 8;
  }
}

interface LineProps {
  id: string;
  row: TreeRow;
  top: number;
  isActive: boolean;
  onToggle: () => void;
  onInsert: () => void;
}

function TreeLine({ id, row, top, isActive, onToggle, onInsert }: LineProps) {
  const Icon = icons[row.kind];
  const title = [
    row.comment,
    row.references && `References ${row.references}`,
    row.isNotNull && "Not null",
  ]
    .filter(Boolean)
    .join("\n");
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus, and names its active line.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys.
    <div
      role="treeitem"
      id={id}
      aria-level={row.level}
      aria-setsize={row.siblings}
      aria-posinset={row.position}
      aria-selected={isActive}
      aria-expanded={row.isOpen ?? undefined}
      title={title || undefined}
      onClick={row.insert ? onInsert : row.isOpen === null ? undefined : onToggle}
      style={{ top, height: ROW, paddingLeft: 4 + (row.level - 1) * 14 + (row.level > 2 ? 8 : 0) }}
      className={cn(
        "absolute inset-x-1 flex items-center gap-1.5 rounded-sm pr-2 text-sm whitespace-nowrap",
        row.kind === "note" ? "text-quiet italic" : "cursor-pointer hover:bg-hover",
        isActive && "group-focus-visible/tree:bg-hover",
      )}
    >
      {row.isOpen === null ? (
        <span className="w-4.5 shrink-0" />
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: for the pointer; arrows do it by keyboard.
        // biome-ignore lint/a11y/useKeyWithClickEvents: for the pointer; arrows do it by keyboard.
        <span
          className="-my-1 grid h-6 w-4.5 shrink-0 place-items-center rounded-sm text-quiet hover:text-ink"
          onClick={(event) => {
            event.stopPropagation();
            onToggle();
          }}
        >
          <ChevronRight
            aria-hidden
            size={14}
            className={cn("transition-transform", row.isOpen && "rotate-90")}
          />
        </span>
      )}
      {Icon && <Icon aria-hidden size={14} className="shrink-0 text-quiet" />}
      <span
        className={cn(
          "max-w-4/5 min-w-0 shrink-0 truncate",
          row.kind !== "note" && row.kind !== "schema" && "font-mono text-xs",
        )}
      >
        {row.label}
      </span>
      {row.isPrimary && <Mark icon={KeyRound} text="primary key" tone="text-sun-text" />}
      {row.references && (
        <Mark icon={Link2} text={`references ${row.references}`} tone="text-quiet" />
      )}
      <span className="ml-auto min-w-0 truncate pl-2 text-xs text-quiet">{row.detail}</span>
    </div>
  );
}

function Mark({ icon: Icon, text, tone }: { icon: LucideIcon; text: string; tone: string }) {
  return (
    <span className={cn("shrink-0", tone)}>
      <Icon aria-hidden size={12} />
      <span className="sr-only">{text}</span>
    </span>
  );
}

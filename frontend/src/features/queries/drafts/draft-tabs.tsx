import { ArrowLeft, ArrowRight, Copy, Ellipsis, Pencil, Plus, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { IconButton } from "@/components/button";
import { Menu } from "@/components/menu";
import { cn } from "@/lib/cn";
import { type Draft, draftTitle } from "./draft-store";

export type TabMark = "running" | "failed" | "unread" | null;

export interface DraftTabsProps {
  drafts: readonly Draft[];
  activeId: string;
  markOf: (id: string) => TabMark;
  onActivate: (id: string) => void;
  onNew: () => void;
  onClose: (id: string) => void;
  onRename: (id: string, name: string) => void;
  onMove: (id: string, by: -1 | 1) => void;
  onDuplicate: (id: string) => void;
}

/** The open texts. Arrows go from one to the next, F2 renames, Delete closes, Alt and arrows move. */
export function DraftTabs(props: DraftTabsProps) {
  const { drafts, activeId, markOf, onActivate, onNew, onClose, onRename, onMove, onDuplicate } =
    props;
  const [renamed, setRenamed] = useState<string | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const active = drafts.findIndex(({ id }) => id === activeId);
  const title = drafts[active] && draftTitle(drafts[active]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is shown, or a wider one.
  useEffect(() => {
    list.current
      ?.querySelector('li:has([aria-current="true"])')
      ?.scrollIntoView({ inline: "nearest", block: "nearest" });
  }, [activeId, title]);
  const onKeyDown = (event: KeyboardEvent, id: string) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key] as -1 | 1 | undefined;
    const index = drafts.findIndex((draft) => draft.id === id);
    if (by && event.altKey) {
      onMove(id, by);
    } else if (by && drafts[index + by]) {
      onActivate((drafts[index + by] as Draft).id);
      (list.current?.children[index + by]?.querySelector("button") as HTMLElement | null)?.focus();
    } else if (event.key === "F2") {
      setRenamed(id);
    } else if (event.key === "Delete") {
      onClose(id);
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    <nav
      aria-label="Open queries"
      className="flex min-w-0 items-stretch border-b border-line bg-sunken"
    >
      <ul ref={list} className="flex min-w-0 overflow-x-auto [scrollbar-width:none]">
        {drafts.map((draft) => (
          <li key={draft.id} className="flex shrink-0">
            {renamed === draft.id ? (
              <NameInput
                name={draft.name || draftTitle(draft)}
                onDone={(name) => {
                  setRenamed(null);
                  if (name !== null) {
                    onRename(draft.id, name);
                  }
                }}
              />
            ) : (
              <Tab
                draft={draft}
                mark={markOf(draft.id)}
                isActive={draft.id === activeId}
                onActivate={() => onActivate(draft.id)}
                onRename={() => setRenamed(draft.id)}
                onClose={() => onClose(draft.id)}
                onKeyDown={(event) => onKeyDown(event, draft.id)}
              />
            )}
          </li>
        ))}
      </ul>
      <div className="flex shrink-0 items-center px-1">
        <IconButton icon={Plus} size="sm" label="New query" onClick={onNew} />
        <Menu
          trigger={<IconButton icon={Ellipsis} size="sm" label="This query" />}
          items={[
            { label: "Rename", icon: Pencil, onSelect: () => setRenamed(activeId) },
            { label: "Duplicate", icon: Copy, onSelect: () => onDuplicate(activeId) },
            "separator",
            {
              label: "Move left",
              icon: ArrowLeft,
              isDisabled: active === 0,
              onSelect: () => onMove(activeId, -1),
            },
            {
              label: "Move right",
              icon: ArrowRight,
              isDisabled: active === drafts.length - 1,
              onSelect: () => onMove(activeId, 1),
            },
            "separator",
            { label: "Close", icon: X, onSelect: () => onClose(activeId) },
          ]}
        />
      </div>
    </nav>
  );
}

interface TabProps {
  draft: Draft;
  mark: TabMark;
  isActive: boolean;
  onActivate: () => void;
  onRename: () => void;
  onClose: () => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

function Tab({ draft, mark, isActive, onActivate, onRename, onClose, onKeyDown }: TabProps) {
  const title = draftTitle(draft);
  return (
    <span
      className={cn(
        "relative flex items-center border-r border-line",
        isActive
          ? "bg-surface after:absolute after:inset-x-0 after:-top-px after:h-0.5 after:bg-sun"
          : "text-quiet hover:text-ink",
      )}
    >
      <button
        type="button"
        aria-current={isActive || undefined}
        title={title}
        onClick={onActivate}
        onDoubleClick={onRename}
        onKeyDown={onKeyDown}
        className="flex h-9 max-w-52 items-center gap-2 pr-1 pl-3 text-sm focus-visible:outline-offset-[-2px]"
      >
        <MarkDot mark={mark} />
        <span className="truncate">{title}</span>
      </button>
      <button
        type="button"
        aria-label={`Close ${title}`}
        onClick={onClose}
        className="mr-1.5 grid size-6 place-items-center rounded-sm text-quiet hover:bg-hover hover:text-ink"
      >
        <X aria-hidden size={13} />
      </button>
    </span>
  );
}

const marks = {
  running: ["Running", "bg-sun animate-pulse"],
  failed: ["Failed", "bg-bad"],
  unread: ["Finished", "bg-good"],
} as const;

function MarkDot({ mark }: { mark: TabMark }) {
  if (!mark) {
    return null;
  }
  const [text, look] = marks[mark];
  return (
    <span className={cn("size-2 shrink-0 rounded-full", look)} title={text}>
      <span className="sr-only">{text}: </span>
    </span>
  );
}

function NameInput({ name, onDone }: { name: string; onDone: (name: string | null) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  return (
    <input
      ref={input}
      aria-label="Name of the query"
      defaultValue={name}
      maxLength={80}
      onBlur={(event) => onDone(event.currentTarget.value.trim())}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          onDone(event.currentTarget.value.trim());
        } else if (event.key === "Escape") {
          onDone(null);
        }
      }}
      className="m-1 h-7 w-44 rounded-sm border border-line-strong bg-surface px-2 text-sm"
    />
  );
}

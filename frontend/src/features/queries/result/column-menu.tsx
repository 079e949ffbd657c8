import { Menu as BaseMenu } from "@base-ui/react/menu";
import {
  ArrowDown,
  ArrowLeft,
  ArrowRight,
  ArrowUp,
  Copy,
  EyeOff,
  Filter as FilterIcon,
  FoldHorizontal,
  type LucideIcon,
  MoveHorizontal,
  UnfoldHorizontal,
  X,
} from "lucide-react";
import type { ColumnLayout } from "@/components/grid/column-layout";
import { cn } from "@/lib/cn";
import { sortedInDirection, unsorted, type View } from "./views";

export interface ColumnMenuProps {
  /** Below the header of which column it opens; null: closed. */
  at: { index: number; place: number; box: DOMRect } | null;
  layout: ColumnLayout;
  view: View;
  isSortable: boolean;
  onClose: () => void;
  onView: (view: View) => void;
  onLayout: (layout: ColumnLayout) => void;
  onFilter: (index: number) => void;
  onFit: (index: number) => void;
  onCopy: (place: number) => void;
}

/** What can be done with a column; everything that the mouse does by dragging is here, too. */
export function ColumnMenu(props: ColumnMenuProps) {
  const { at, layout, onClose } = props;
  const column = at && layout.columns[at.index];
  return (
    <BaseMenu.Root
      open={at !== null}
      onOpenChange={(isOpen) => {
        if (!isOpen) {
          onClose();
        }
      }}
    >
      <BaseMenu.Portal>
        <BaseMenu.Positioner
          anchor={at ? { getBoundingClientRect: () => at.box } : null}
          sideOffset={2}
          align="start"
          className="z-50 outline-none"
        >
          <BaseMenu.Popup
            aria-label={column ? `Column ${column.name}` : "Column"}
            className="min-w-52 rounded-md border border-line bg-raised p-1 shadow-high outline-none"
          >
            {at && column && (
              <>
                <p className="mb-1 border-b border-line px-2.5 pt-1 pb-2 text-sm">
                  <span className="font-medium">{column.name || "?column?"}</span>{" "}
                  <span className="text-quiet">{column.type}</span>
                </p>
                <Items {...props} at={at} />
              </>
            )}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}

function Items({
  at: { index, place },
  layout,
  view,
  isSortable,
  onView,
  onLayout,
  onFilter,
  onFit,
  onCopy,
}: ColumnMenuProps & { at: { index: number; place: number } }) {
  const width = layout.placed[place]?.width ?? 0;
  const sorted = view.sort.some((one) => one.column === index);
  return (
    <>
      {isSortable && (
        <>
          <Item icon={ArrowUp} onSelect={() => onView(sortedInDirection(view, index, "asc"))}>
            Sort ascending
          </Item>
          <Item icon={ArrowDown} onSelect={() => onView(sortedInDirection(view, index, "desc"))}>
            Sort descending
          </Item>
          {sorted && (
            <Item icon={X} onSelect={() => onView(unsorted(view, index))}>
              Do not sort by this
            </Item>
          )}
          <Item icon={FilterIcon} onSelect={() => onFilter(index)}>
            Filter…
          </Item>
          <BaseMenu.Separator className="my-1 h-px bg-line" />
        </>
      )}
      <Item icon={Copy} onSelect={() => onCopy(place)}>
        Copy the column
      </Item>
      <Item icon={MoveHorizontal} onSelect={() => onFit(index)}>
        Fit to its values
      </Item>
      <Item icon={UnfoldHorizontal} onSelect={() => onLayout(layout.resized(index, width * 1.5))}>
        Wider
      </Item>
      <Item icon={FoldHorizontal} onSelect={() => onLayout(layout.resized(index, width / 1.5))}>
        Narrower
      </Item>
      <Item
        icon={ArrowLeft}
        isDisabled={place === 0}
        onSelect={() => onLayout(layout.moved(place, place - 1))}
      >
        Move left
      </Item>
      <Item
        icon={ArrowRight}
        isDisabled={place === layout.placed.length - 1}
        onSelect={() => onLayout(layout.moved(place, place + 1))}
      >
        Move right
      </Item>
      <Item
        icon={EyeOff}
        isDisabled={layout.placed.length === 1}
        onSelect={() => onLayout(layout.withHidden(index, true))}
      >
        Hide
      </Item>
    </>
  );
}

function Item({
  icon: Icon,
  isDisabled = false,
  onSelect,
  children,
}: {
  icon: LucideIcon;
  isDisabled?: boolean;
  onSelect: () => void;
  children: string;
}) {
  return (
    <BaseMenu.Item
      onClick={onSelect}
      disabled={isDisabled}
      className={cn(
        "flex min-h-8 cursor-default items-center gap-2.5 rounded-sm px-2.5 py-1 outline-none",
        "select-none data-highlighted:bg-hover data-disabled:opacity-55",
      )}
    >
      <Icon aria-hidden size={16} className="text-quiet" />
      {children}
    </BaseMenu.Item>
  );
}

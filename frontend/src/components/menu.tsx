import { Menu as BaseMenu } from "@base-ui/react/menu";
import { Check, type LucideIcon } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { cn } from "@/lib/cn";

export interface MenuItem {
  label: string;
  icon?: LucideIcon;
  onSelect: () => void;
  isDangerous?: boolean;
  isDisabled?: boolean;
  /** One of several: marked when it is chosen. */
  isChecked?: boolean;
  /** More of its kind may be chosen at once. */
  staysOpen?: boolean;
}

export interface MenuProps {
  /** A Button or an IconButton. */
  trigger: ReactElement;
  items: readonly (MenuItem | "separator")[];
  /** Above the items: whose menu it is. */
  header?: ReactNode;
  isOpenAtFirst?: boolean;
}

const itemClasses =
  "flex min-h-8 cursor-default items-center gap-2.5 rounded-sm px-2.5 py-1 outline-none select-none " +
  "data-highlighted:bg-hover data-disabled:opacity-55";

export function Menu({ trigger, items, header, isOpenAtFirst = false }: MenuProps) {
  return (
    <BaseMenu.Root defaultOpen={isOpenAtFirst}>
      <BaseMenu.Trigger render={trigger} />
      <BaseMenu.Portal>
        <BaseMenu.Positioner sideOffset={6} align="end" className="z-50 outline-none">
          <BaseMenu.Popup className="max-h-(--available-height) min-w-48 overflow-y-auto rounded-md border border-line bg-raised p-1 shadow-high outline-none transition duration-100 data-ending-style:opacity-0 data-starting-style:-translate-y-1 data-starting-style:opacity-0">
            {header && (
              <div className="mb-1 border-b border-line px-2.5 pt-1.5 pb-2 text-sm">{header}</div>
            )}
            {items.map((item, index) =>
              item === "separator" ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: separators have no other name.
                <BaseMenu.Separator key={index} className="my-1 h-px bg-line" />
              ) : (
                <Item key={item.label} item={item} />
              ),
            )}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  );
}

function Item({ item }: { item: MenuItem }) {
  const { label, icon: Icon, onSelect, isDangerous, isDisabled, isChecked, staysOpen } = item;
  const classes = cn(itemClasses, isDangerous && "text-bad");
  const content = (
    <>
      {Icon && <Icon aria-hidden size={16} className={isDangerous ? "" : "text-quiet"} />}
      <span className="flex-1">{label}</span>
      {isChecked && <Check aria-hidden size={16} />}
    </>
  );
  if (isChecked !== undefined) {
    return (
      <BaseMenu.CheckboxItem
        checked={isChecked}
        onCheckedChange={onSelect}
        closeOnClick={!staysOpen}
        disabled={isDisabled ?? false}
        className={classes}
      >
        {content}
      </BaseMenu.CheckboxItem>
    );
  }
  return (
    <BaseMenu.Item onClick={onSelect} disabled={isDisabled ?? false} className={classes}>
      {content}
    </BaseMenu.Item>
  );
}

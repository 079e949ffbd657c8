import { Combobox } from "@base-ui/react/combobox";
import { Check } from "lucide-react";
import { useState } from "react";
import { inputClasses } from "./field";

export interface PickerItem {
  id: string;
  label: string;
  /** What tells two of the same label apart: an email. */
  detail?: string;
}

export interface PickerProps {
  /** What ties it to its label: spread what `Field` gives. */
  id?: string;
  "aria-describedby"?: string | undefined;
  "aria-invalid"?: true | undefined;
  "aria-label"?: string;
  value: PickerItem | null;
  onChange: (item: PickerItem | null) => void;
  /** What was found for the text; fetch it with `onSearch`. */
  items: readonly PickerItem[];
  isLoading: boolean;
  onSearch: (text: string) => void;
  placeholder?: string;
}

/** One of many, found by typing a part of it. */
export function Picker(props: PickerProps) {
  const { value, onChange, items, isLoading, onSearch, placeholder, ...control } = props;
  const [text, setText] = useState(value?.label ?? "");
  const shown = text === (value?.label ?? "") && text !== "" ? "" : text;
  return (
    <Combobox.Root<PickerItem>
      items={items}
      filter={null}
      value={value}
      onValueChange={(item) => onChange(item)}
      inputValue={text}
      onInputValueChange={(typed) => {
        setText(typed);
        onSearch(typed.trim());
      }}
      itemToStringLabel={({ label }) => label}
      isItemEqualToValue={(one, other) => one.id === other.id}
    >
      <Combobox.Input {...control} placeholder={placeholder} className={inputClasses} />
      <Combobox.Portal>
        <Combobox.Positioner sideOffset={4} className="z-50 outline-none">
          <Combobox.Popup className="max-h-72 w-(--anchor-width) min-w-56 overflow-y-auto rounded-md border border-line bg-raised p-1 shadow-high">
            <Combobox.Status className="px-2.5 py-1 text-sm text-quiet empty:hidden">
              {isLoading ? "Looking…" : null}
            </Combobox.Status>
            <Combobox.Empty className="px-2.5 py-1.5 text-sm text-quiet empty:hidden">
              {isLoading
                ? null
                : shown
                  ? `Nobody matches “${shown}”.`
                  : "There is nothing to choose."}
            </Combobox.Empty>
            <Combobox.List>
              {(item: PickerItem) => (
                <Combobox.Item
                  key={item.id}
                  value={item}
                  className="flex min-h-8 cursor-default items-center gap-2 rounded-sm px-2.5 py-1 outline-none data-highlighted:bg-hover"
                >
                  <span className="min-w-0 flex-1">
                    <span className="block truncate">{item.label}</span>
                    {item.detail && (
                      <span className="block truncate text-xs text-quiet">{item.detail}</span>
                    )}
                  </span>
                  <Combobox.ItemIndicator>
                    <Check aria-hidden size={15} />
                  </Combobox.ItemIndicator>
                </Combobox.Item>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  );
}

import { ChevronDown } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";
import { inputClasses } from "./field";

export interface SelectOption<T extends string> {
  value: T;
  label: string;
  isDisabled?: boolean;
}

export interface SelectProps<T extends string>
  extends Omit<ComponentProps<"select">, "value" | "onChange" | "children"> {
  value: T;
  onChange: (value: T) => void;
  options: readonly SelectOption<T>[];
}

/** One of a few. It is the browser's own, so that phones and screen readers show theirs. */
export function Select<T extends string>({
  value,
  onChange,
  options,
  className,
  ...rest
}: SelectProps<T>) {
  return (
    <span className={cn("relative block", className)}>
      <select
        {...rest}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value as T)}
        className={cn(inputClasses, "appearance-none pr-9")}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.isDisabled}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown
        aria-hidden
        size={16}
        className="pointer-events-none absolute top-1/2 right-3 -translate-y-1/2 text-quiet"
      />
    </span>
  );
}

import { Switch as BaseSwitch } from "@base-ui/react/switch";
import { type ReactNode, useId } from "react";

export interface SwitchProps {
  label: ReactNode;
  checked: boolean;
  onChange: (isOn: boolean) => void;
  hint?: ReactNode;
  isDisabled?: boolean;
  name?: string;
}

/** On or off, at once; for what takes effect when a form is sent, use Checkbox. */
export function Switch({ label, checked, onChange, hint, isDisabled, name }: SwitchProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-3">
      <BaseSwitch.Root
        checked={checked}
        onCheckedChange={onChange}
        disabled={isDisabled ?? false}
        {...(name === undefined ? {} : { name })}
        aria-labelledby={`${id}-label`}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="flex h-6 w-10 shrink-0 cursor-pointer items-center rounded-full border border-line-strong bg-sunken p-0.5 transition-colors duration-150 data-checked:border-sun data-checked:bg-sun data-disabled:cursor-not-allowed data-disabled:opacity-55"
      >
        <BaseSwitch.Thumb className="size-4.5 rounded-full bg-line-strong transition-transform duration-150 ease-flash data-checked:translate-x-4 data-checked:bg-sun-ink" />
      </BaseSwitch.Root>
      <div className="min-w-0 pt-0.5">
        <span id={`${id}-label`} className="font-medium">
          {label}
        </span>
        {hint && (
          <p id={`${id}-hint`} className="text-sm text-quiet">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

export interface CheckboxProps {
  label: ReactNode;
  checked: boolean;
  onChange: (isChecked: boolean) => void;
  hint?: ReactNode;
  isDisabled?: boolean;
  name?: string;
}

export function Checkbox({ label, checked, onChange, hint, isDisabled, name }: CheckboxProps) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <input
        id={id}
        type="checkbox"
        name={name}
        checked={checked}
        disabled={isDisabled}
        onChange={(event) => onChange(event.currentTarget.checked)}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="mt-0.5 size-4.5 shrink-0 accent-sun"
      />
      <div className="min-w-0">
        <label htmlFor={id}>{label}</label>
        {hint && (
          <p id={`${id}-hint`} className="text-sm text-quiet">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}

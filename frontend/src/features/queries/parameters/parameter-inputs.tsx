import { List, Type } from "lucide-react";
import { useId } from "react";
import { IconButton } from "@/components/button";
import { inputClasses } from "@/components/field";
import { cn } from "@/lib/cn";
import type { ParameterDraft } from "../drafts/draft-store";
import type { RunError } from "../run/run";
import { messageFor, type Parameter } from "./parameter-values";

export interface ParameterInputsProps {
  parameters: readonly Parameter[];
  values: Record<string, ParameterDraft>;
  onChange: (name: string, value: ParameterDraft) => void;
  onRun: () => void;
  /** What the last run with these values was refused for. */
  error: RunError | null;
}

/** One input for each placeholder of the SQL. */
export function ParameterInputs({
  parameters,
  values,
  onChange,
  onRun,
  error,
}: ParameterInputsProps) {
  return (
    <fieldset className="flex max-h-44 flex-wrap gap-x-4 gap-y-2 overflow-y-auto border-t border-line bg-canvas px-3 py-2">
      <legend className="sr-only">Parameters</legend>
      {parameters.map((parameter) => (
        <ParameterInput
          key={parameter.name}
          parameter={parameter}
          value={values[parameter.name] ?? { text: "" }}
          onChange={(value) => onChange(parameter.name, value)}
          onRun={onRun}
          error={messageFor(error, parameter.name)}
        />
      ))}
    </fieldset>
  );
}

interface ParameterInputProps {
  parameter: Parameter;
  value: ParameterDraft;
  onChange: (value: ParameterDraft) => void;
  onRun: () => void;
  error: string | undefined;
}

function ParameterInput({ parameter, value, onChange, onRun, error }: ParameterInputProps) {
  const id = useId();
  const { label, isOptional } = parameter;
  const described = [isOptional && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const control = {
    id,
    value: value.isNull ? "" : value.text,
    placeholder: value.isNull
      ? "NULL"
      : value.isList
        ? "one value per line"
        : isOptional
          ? "left out"
          : "",
    disabled: value.isNull ?? false,
    "aria-invalid": error ? (true as const) : undefined,
    "aria-describedby": described || undefined,
    spellCheck: false,
  };
  return (
    <div className="flex w-full flex-col gap-1 sm:w-60">
      <div className="flex items-baseline gap-2 text-xs">
        <label htmlFor={id} className="truncate font-mono font-medium">
          {label}
        </label>
        {isOptional && (
          <span id={`${id}-hint`} className="text-quiet" title="Empty, its [[ … ]] is left out.">
            optional
          </span>
        )}
      </div>
      <div className="flex items-start gap-1">
        {value.isList ? (
          <textarea
            {...control}
            rows={Math.min(4, Math.max(2, value.text.split("\n").length))}
            onChange={(event) => onChange({ ...value, text: event.currentTarget.value })}
            className={cn(inputClasses, "h-auto! min-w-0 flex-1 px-2! py-1 font-mono text-sm!")}
          />
        ) : (
          <input
            {...control}
            type="text"
            autoComplete="off"
            onChange={(event) => onChange({ ...value, text: event.currentTarget.value })}
            onKeyDown={(event) =>
              event.key === "Enter" && !event.ctrlKey && !event.metaKey && onRun()
            }
            className={cn(inputClasses, "h-7! min-w-0 flex-1 px-2! font-mono text-sm!")}
          />
        )}
        <IconButton
          icon={value.isList ? Type : List}
          size="sm"
          label={value.isList ? `${label}: one value` : `${label}: a list, for = any(…)`}
          onClick={() => onChange({ ...value, isList: !value.isList, isNull: false })}
        />
        <button
          type="button"
          aria-pressed={value.isNull ?? false}
          aria-label={`${label}: NULL`}
          title="Give NULL"
          onClick={() => onChange({ ...value, isNull: !value.isNull })}
          className="h-7 rounded-md border border-transparent px-1.5 font-mono text-xs text-quiet hover:bg-hover aria-pressed:border-line aria-pressed:bg-sun-soft aria-pressed:text-sun-text"
        >
          NULL
        </button>
      </div>
      <p id={`${id}-error`} role="alert" className={cn("text-xs text-bad", !error && "hidden")}>
        {error}
      </p>
    </div>
  );
}

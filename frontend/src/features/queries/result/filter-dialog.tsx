import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field, TextInput } from "@/components/field";
import { cellText, shownText } from "@/components/grid/cell-text";
import type { CellValue, GridColumn } from "@/components/grid/types";
import { ProblemView } from "@/components/problem-view";
import { Select } from "@/components/select";
import { SkeletonRows } from "@/components/skeleton";
import { valuesQuery } from "./list-values";
import {
  type Filter,
  OPERATORS,
  type Operator,
  operatorsFor,
  takesList,
  takesValue,
} from "./views";

export interface FilterDialogProps {
  /** Of which run the values are counted. */
  queryId: string;
  column: GridColumn;
  index: number;
  /** The filter that is changed; null: a new one. */
  filter: Filter | null;
  onClose: () => void;
  onApply: (filter: Filter | null) => void;
}

/** Filter a whole result by one column: by its values, or by a comparison. */
export function FilterDialog(props: FilterDialogProps) {
  const { queryId, column, index, filter, onClose, onApply } = props;
  const operators = operatorsFor(column);
  const [op, setOp] = useState<Operator>(filter?.op ?? operators[0] ?? "eq");
  const [text, setText] = useState(typeof filter?.value === "string" ? filter.value : "");
  const [chosen, setChosen] = useState<(string | null)[]>(
    Array.isArray(filter?.value) ? filter.value : [],
  );
  const isList = takesList(op);
  const isEmpty = isList ? chosen.length === 0 : false;
  const apply = () => {
    const value = takesValue(op) ? (isList ? chosen : text) : null;
    onApply({ column: index, op, value });
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Filter by ${column.name || "?column?"}`}
      description="PostgreSQL filters the whole result, not only the rows that are seen."
      footer={
        <>
          {filter && <Button onClick={() => onApply(null)}>Remove the filter</Button>}
          <Button type="submit" form="filter" variant="primary" disabled={isEmpty}>
            Filter
          </Button>
        </>
      }
    >
      <form
        id="filter"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isEmpty) {
            apply();
          }
        }}
      >
        <Field label="Keep rows whose value">
          {(control) => (
            <Select
              {...control}
              value={op}
              onChange={setOp}
              options={operators.map((value) => ({ value, label: OPERATORS[value] }))}
            />
          )}
        </Field>
        {isList && (
          <Values
            queryId={queryId}
            column={column}
            index={index}
            chosen={chosen}
            onChange={setChosen}
          />
        )}
        {takesValue(op) && !isList && (
          <Field label="Value" hint={hintFor(column)}>
            {(control) => (
              <TextInput
                {...control}
                autoFocus
                spellCheck={false}
                value={text}
                onChange={(event) => setText(event.currentTarget.value)}
                className="font-mono"
              />
            )}
          </Field>
        )}
      </form>
    </Dialog>
  );
}

function hintFor({ kind, type }: GridColumn): string {
  switch (kind) {
    case "date":
      return "A date: 2026-01-31, or a word that PostgreSQL knows, as yesterday.";
    case "timestamp":
    case "timestamptz":
      return "A time: 2026-01-31 14:00.";
    default:
      return `As PostgreSQL writes it (${type}).`;
  }
}

interface ValuesProps {
  queryId: string;
  column: GridColumn;
  index: number;
  chosen: readonly (string | null)[];
  onChange: (chosen: (string | null)[]) => void;
}

/** The values of the whole column to choose from, the most frequent first. */
function Values({ queryId, column, index, chosen, onChange }: ValuesProps) {
  const [search, setSearch] = useState("");
  const { data, error, refetch, isRefetching } = useQuery(
    valuesQuery(queryId, index, useDeferredValue(search)),
  );
  if (error) {
    return (
      <ProblemView
        error={error}
        onRetry={() => void refetch()}
        isRetrying={isRefetching}
        isInline
      />
    );
  }
  const found = (data?.values ?? []).map(([value, count]) => ({
    text: cellText(value as CellValue, column),
    count,
  }));
  const others = chosen
    .filter((text) => !found.some((one) => one.text === text))
    .map((text) => ({ text, count: null }));
  const toggle = (text: string | null) =>
    onChange(chosen.includes(text) ? chosen.filter((one) => one !== text) : [...chosen, text]);
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 text-sm font-medium">Values</legend>
      <TextInput
        aria-label="Search values"
        placeholder="Search…"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        // Enter would send the form before anything is chosen.
        onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
      />
      <div className="max-h-72 overflow-y-auto rounded-md border border-line">
        {!data?.values && !data?.error && <SkeletonRows count={4} />}
        {data?.error && <p className="p-3 text-sm text-bad">{data.error.message}</p>}
        {data?.values && found.length === 0 && others.length === 0 && (
          <p className="p-3 text-sm text-quiet">No value like this.</p>
        )}
        {[...others, ...found].map(({ text, count }) => (
          <label
            key={text === null ? "null" : `=${text}`}
            className="flex min-h-8 items-center gap-2.5 px-3 py-1 hover:bg-hover"
          >
            <input
              type="checkbox"
              checked={chosen.includes(text)}
              onChange={() => toggle(text)}
              className="size-4 shrink-0 accent-sun"
            />
            <span className="min-w-0 flex-1 truncate font-mono text-sm">
              {text === null ? (
                <span className="text-quiet italic">NULL</span>
              ) : text === "" ? (
                <span className="text-quiet">empty text</span>
              ) : (
                shownText(text)
              )}
            </span>
            {count !== null && (
              <span className="text-xs text-quiet tabular-nums">
                {Number(count).toLocaleString("en")}
              </span>
            )}
          </label>
        ))}
      </div>
      {data?.has_more && (
        <p className="text-sm text-quiet">The 1,000 most frequent ones; search for others.</p>
      )}
    </fieldset>
  );
}

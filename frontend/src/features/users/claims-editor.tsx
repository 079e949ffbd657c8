import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "@/components/button";
import { Field, TextInput } from "@/components/field";
import { errorAt } from "@/components/form-problem";
import type { ClaimRow } from "./claims";

export interface ClaimsEditorProps {
  rows: readonly ClaimRow[];
  onChange: (rows: ClaimRow[]) => void;
  error: unknown;
}

/** Names and texts that row-level security may know of a person. */
export function ClaimsEditor({ rows, onChange, error }: ClaimsEditorProps) {
  const [nextKey, setNextKey] = useState(rows.length);
  const change = (key: number, changes: Partial<ClaimRow>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...changes } : row)));
  const add = () => {
    onChange([...rows, { key: nextKey, name: "", value: "" }]);
    setNextKey(nextKey + 1);
  };
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-2 text-sm font-medium">Claims</legend>
      <p className="text-sm text-quiet">
        What the row-level security of a database may know of them: a policy reads the claim{" "}
        <code className="font-mono text-xs">region</code> as{" "}
        <code className="font-mono text-xs wrap-anywhere">
          current_setting('heliograph.claim_region', true)
        </code>
        .
      </p>
      {rows.map((row, index) => (
        <div
          key={row.key}
          className="grid grid-cols-[minmax(0,1fr)_minmax(0,1.5fr)_auto] items-start gap-2"
        >
          <Field
            label={<span className={index > 0 ? "sr-only" : ""}>Name</span>}
            error={errorAt(error, `/claims/${row.name.trim()}`)}
          >
            {(control) => (
              <TextInput
                {...control}
                value={row.name}
                placeholder="region"
                spellCheck={false}
                autoCapitalize="none"
                className="font-mono text-sm"
                onChange={(event) => change(row.key, { name: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label={<span className={index > 0 ? "sr-only" : ""}>Value</span>}>
            {(control) => (
              <TextInput
                {...control}
                value={row.value}
                placeholder="west"
                onChange={(event) => change(row.key, { value: event.currentTarget.value })}
              />
            )}
          </Field>
          <IconButton
            icon={Trash2}
            label={`Remove the claim ${row.name || index + 1}`}
            onClick={() => onChange(rows.filter(({ key }) => key !== row.key))}
            className={index > 0 ? "mt-1.5" : "mt-6.5"}
          />
        </div>
      ))}
      {errorAt(error, "/claims") && (
        <p role="alert" className="text-sm text-bad">
          {errorAt(error, "/claims")}
        </p>
      )}
      <div>
        <Button size="sm" icon={Plus} onClick={add}>
          Add a claim
        </Button>
      </div>
    </fieldset>
  );
}

import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";
import { personQuery } from "@/api/directory";
import { Button } from "@/components/button";
import { Field, TextInput } from "@/components/field";
import { PersonPicker } from "@/components/person-picker";
import { Select } from "@/components/select";
import {
  ACTION_OPTIONS,
  type AuditFilter,
  actionLabel,
  fromLocalInput,
  toLocalInput,
} from "./audit-filter";

const ZONE = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" })
  .formatToParts(new Date())
  .find(({ type }) => type === "timeZoneName")?.value;

export interface AuditFiltersProps {
  filter: AuditFilter;
  onChange: (changes: AuditFilter) => void;
}

/** Who, what, on what, when; all of it stands in the URL. */
export function AuditFilters({ filter, onChange }: AuditFiltersProps) {
  const known = ACTION_OPTIONS.some(({ value }) => value === (filter.action ?? ""));
  const options =
    known || !filter.action
      ? ACTION_OPTIONS
      : [...ACTION_OPTIONS, { value: filter.action, label: actionLabel(filter.action) }];
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return (
    <div className="flex w-full flex-wrap items-end gap-2">
      <WhoField actor={filter.actor} onChange={(actor) => onChange({ actor })} />
      <Field label="What happened" className="w-[calc(50%-0.25rem)] sm:w-52">
        {(control) => (
          <Select
            {...control}
            value={filter.action ?? ""}
            onChange={(action) => onChange({ action: action || undefined })}
            options={options}
          />
        )}
      </Field>
      <TimeField
        label={`From, ${ZONE}`}
        iso={filter.from}
        onChange={(from) => onChange({ from })}
      />
      <TimeField label={`Before, ${ZONE}`} iso={filter.to} onChange={(to) => onChange({ to })} />
      {filter.object !== undefined && (
        <Button
          icon={X}
          onClick={() => onChange({ object: undefined, type: undefined })}
          className="font-normal"
        >
          One {filter.type ?? "thing"} only
        </Button>
      )}
      {isFiltered && (
        <Button
          variant="quiet"
          onClick={() =>
            onChange({
              q: undefined,
              actor: undefined,
              action: undefined,
              type: undefined,
              object: undefined,
              from: undefined,
              to: undefined,
            })
          }
        >
          Clear all
        </Button>
      )}
    </div>
  );
}

function WhoField(props: {
  actor: string | undefined;
  onChange: (actor: string | undefined) => void;
}) {
  const { actor, onChange } = props;
  const { data } = useQuery({ ...personQuery(actor ?? ""), enabled: actor !== undefined });
  const chosen = actor && data ? { id: actor, label: data.name, detail: data.email } : null;
  const [turn, setTurn] = useState(0);
  return (
    <Field label="Who" className="w-[calc(50%-0.25rem)] sm:w-52">
      {(control) => (
        <PersonPicker
          // Filled once the name behind the id of the URL is known.
          key={`${turn}-${chosen?.id ?? ""}`}
          {...control}
          value={chosen}
          placeholder="Anybody"
          onChange={(item) => {
            setTurn((now) => now + (item ? 0 : 1));
            onChange(item?.id);
          }}
        />
      )}
    </Field>
  );
}

function TimeField(props: {
  label: string;
  iso: string | undefined;
  onChange: (iso: string | undefined) => void;
}) {
  return (
    <Field label={props.label} className="w-full sm:w-52">
      {(control) => (
        <TextInput
          {...control}
          type="datetime-local"
          value={toLocalInput(props.iso)}
          onChange={(event) => props.onChange(fromLocalInput(event.currentTarget.value))}
        />
      )}
    </Field>
  );
}

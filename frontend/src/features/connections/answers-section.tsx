import { Field, TextInput } from "@/components/field";
import { Panel } from "@/components/panel";
import { Select } from "@/components/select";
import type { ConnectionValues } from "./connection-values";
import type { FieldsProps } from "./fields-props";

const IDENTITIES = [
  {
    value: "user",
    label: "Policies see who asks",
    hint: "The id, email, role, groups and claims of the person are there for row-level security. Answers are kept for each person apart.",
  },
  {
    value: "none",
    label: "Everybody sees the same",
    hint: "Policies do not see who asks, and people who ask the same at once share one run and one kept answer.",
  },
] as const;

const HISTORY = [
  { value: "kept", label: "Kept as they are", hint: "A query can be run again as it was run." },
  {
    value: "hashed",
    label: "Replaced by a hash",
    hint: "One can see that two people asked with the same value, and not with which.",
  },
  {
    value: "dropped",
    label: "Dropped",
    hint: "Nothing is left of them once the rows are no longer kept.",
  },
] as const;

const KEPT_FOR = [
  { value: "0", label: "Not at all: each query asks the database" },
  { value: "60", label: "1 minute" },
  { value: "300", label: "5 minutes" },
  { value: "3600", label: "1 hour" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "7 days" },
];
const OTHER = { value: "other", label: "Another time, in seconds" };

/** Whose answers are whose, and how long they and the values in them stay. */
export function AnswersSection({ values, set, errorOf, isDisabled }: FieldsProps) {
  const isListed = KEPT_FOR.some(({ value }) => value === values.cacheSeconds);
  return (
    <Panel title="Answers and history">
      <Field
        label="Row-level security"
        hint={IDENTITIES.find(({ value }) => value === values.identity)?.hint}
        error={errorOf("/identity")}
      >
        {(control) => (
          <Select<ConnectionValues["identity"]>
            {...control}
            value={values.identity}
            onChange={(identity) => set({ identity })}
            options={IDENTITIES}
            disabled={isDisabled}
          />
        )}
      </Field>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Answers may be given again for"
          hint="A kept answer says how old it is, and anybody can ask anew."
          error={isListed ? errorOf("/cache_seconds") : undefined}
        >
          {(control) => (
            <Select
              {...control}
              value={isListed ? values.cacheSeconds : OTHER.value}
              onChange={(chosen) => set({ cacheSeconds: chosen === OTHER.value ? "" : chosen })}
              options={[...KEPT_FOR, OTHER]}
              disabled={isDisabled}
            />
          )}
        </Field>
        {!isListed && (
          <Field label="Seconds" hint="Up to 604,800: a week." error={errorOf("/cache_seconds")}>
            {(control) => (
              <TextInput
                {...control}
                inputMode="numeric"
                required
                value={values.cacheSeconds}
                disabled={isDisabled}
                onChange={(event) => set({ cacheSeconds: event.currentTarget.value })}
              />
            )}
          </Field>
        )}
      </div>
      <Field
        label="Values of parameters in the history"
        hint={HISTORY.find(({ value }) => value === values.historyValues)?.hint}
        error={errorOf("/history_values")}
      >
        {(control) => (
          <Select<ConnectionValues["historyValues"]>
            {...control}
            value={values.historyValues}
            onChange={(historyValues) => set({ historyValues })}
            options={HISTORY}
            disabled={isDisabled}
          />
        )}
      </Field>
    </Panel>
  );
}

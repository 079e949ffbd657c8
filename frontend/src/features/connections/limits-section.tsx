import { ChevronRight } from "lucide-react";
import { Field, TextInput } from "@/components/field";
import { Panel } from "@/components/panel";
import { LIMITED_ROLES, type LimitedRole, type RoleLimitValues } from "./connection-values";
import type { FieldsProps } from "./fields-props";

/** What the database is spared. */
export function LimitsSection(props: FieldsProps) {
  const { values, set, errorOf, isDisabled } = props;
  const number = (name: "maxConcurrency" | "timeoutSeconds" | "maxRows") => ({
    inputMode: "numeric" as const,
    value: values[name],
    disabled: isDisabled,
    required: true,
    onChange: (event: { currentTarget: { value: string } }) =>
      set({ [name]: event.currentTarget.value }),
  });
  return (
    <Panel title="Limits" lead="So that no question is too much for the database.">
      <div className="grid gap-4 sm:grid-cols-3">
        <Field
          label="Queries at once"
          hint="1 to 100. Others wait for their turn."
          error={errorOf("/max_concurrency")}
        >
          {(control) => <TextInput {...control} {...number("maxConcurrency")} />}
        </Field>
        <Field
          label="Longest query, seconds"
          hint="1 to 900. Then it is cancelled."
          error={errorOf("/statement_timeout_seconds")}
        >
          {(control) => <TextInput {...control} {...number("timeoutSeconds")} />}
        </Field>
        <Field
          label="Most rows"
          hint="1 to 10,000,000. The answer says when it was cut."
          error={errorOf("/max_rows")}
        >
          {(control) => <TextInput {...control} {...number("maxRows")} />}
        </Field>
      </div>
      <RoleLimits {...props} />
    </Panel>
  );
}

const ROLE_NAMES: Record<LimitedRole, string> = {
  viewer: "Viewers",
  editor: "Editors",
  admin: "Admins",
};

function RoleLimits({ values, set, errorOf, isDisabled }: FieldsProps) {
  const isSet = LIMITED_ROLES.some((role) =>
    Object.values(values.roleLimits[role]).some((text) => text !== ""),
  );
  const setLimit = (role: LimitedRole, changes: Partial<RoleLimitValues>) =>
    set({
      roleLimits: { ...values.roleLimits, [role]: { ...values.roleLimits[role], ...changes } },
    });
  return (
    <details open={isSet} className="group rounded-md border border-line">
      <summary className="flex min-h-9 cursor-pointer items-center gap-2 px-3 text-sm font-medium hover:bg-hover">
        <ChevronRight
          aria-hidden
          size={15}
          className="text-quiet transition-transform group-open:rotate-90"
        />
        Other limits for some roles
      </summary>
      <div className="flex flex-col gap-4 border-t border-line p-3">
        <p className="text-sm text-quiet">
          A number here takes the place of the one above for people with that role. Left empty, the
          one above holds.
        </p>
        {LIMITED_ROLES.map((role) => {
          const limit = values.roleLimits[role];
          return (
            <fieldset key={role} className="grid gap-3 sm:grid-cols-[5rem_1fr_1fr] sm:items-start">
              <legend className="sr-only">{ROLE_NAMES[role]}</legend>
              <span aria-hidden className="font-medium sm:pt-8">
                {ROLE_NAMES[role]}
              </span>
              <Field label="Most rows" error={errorOf(`/role_limits/${role}/max_rows`)}>
                {(control) => (
                  <TextInput
                    {...control}
                    inputMode="numeric"
                    value={limit.maxRows}
                    placeholder={values.maxRows}
                    disabled={isDisabled}
                    onChange={(event) => setLimit(role, { maxRows: event.currentTarget.value })}
                  />
                )}
              </Field>
              <Field
                label="Longest query, seconds"
                error={errorOf(`/role_limits/${role}/statement_timeout_seconds`)}
              >
                {(control) => (
                  <TextInput
                    {...control}
                    inputMode="numeric"
                    value={limit.timeoutSeconds}
                    placeholder={values.timeoutSeconds}
                    disabled={isDisabled}
                    onChange={(event) =>
                      setLimit(role, { timeoutSeconds: event.currentTarget.value })
                    }
                  />
                )}
              </Field>
            </fieldset>
          );
        })}
      </div>
    </details>
  );
}

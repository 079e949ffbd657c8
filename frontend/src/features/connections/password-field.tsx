import { KeyRound } from "lucide-react";
import { Button } from "@/components/button";
import { Field, PasswordInput } from "@/components/field";
import type { ConnectionValues } from "./connection-values";
import type { FieldsProps } from "./fields-props";

/** The password of the database: typed, or kept where it is, which is never in the page. */
export function PasswordField({
  values,
  set,
  errorOf,
  hasStored,
  mustRetype,
  isDisabled,
}: FieldsProps & {
  hasStored: boolean;
  /** The stored one would go where it was not typed for. */
  mustRetype: boolean;
}) {
  const mode = (passwordMode: ConnectionValues["passwordMode"]) =>
    set({ passwordMode, password: "" });
  if (hasStored && values.passwordMode !== "replace") {
    const isRemoved = values.passwordMode === "remove";
    return (
      <div className="flex flex-col gap-1.5">
        <span className="text-sm font-medium">Password</span>
        <div className="flex min-h-9 flex-wrap items-center gap-2 rounded-md border border-line bg-sunken py-1 pr-1 pl-3">
          <KeyRound aria-hidden size={16} className="text-quiet" />
          <span className="min-w-0 flex-1">
            {isRemoved ? "Will be removed when you save" : "Kept, encrypted"}
          </span>
          {!isDisabled && (
            <span className="flex gap-1">
              {isRemoved ? (
                <Button size="sm" variant="quiet" onClick={() => mode("keep")}>
                  Keep it
                </Button>
              ) : (
                <Button size="sm" variant="quiet" onClick={() => mode("remove")}>
                  Remove
                </Button>
              )}
              <Button size="sm" onClick={() => mode("replace")}>
                Replace
              </Button>
            </span>
          )}
        </div>
        {mustRetype && !isRemoved && (
          <p role="alert" className="text-sm text-bad">
            Type the password again: it was given for the host, port and user as they were saved.
            Choose Replace.
          </p>
        )}
        {errorOf("/password") && !mustRetype && (
          <p role="alert" className="text-sm text-bad">
            {errorOf("/password")}
          </p>
        )}
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-1.5">
      <Field
        label="Password"
        hint={
          mustRetype
            ? "Type it again: the stored one was given for the host, port and user as they were saved."
            : "Kept encrypted, and never shown again."
        }
        error={errorOf("/password")}
      >
        {(control) => (
          <PasswordInput
            {...control}
            name="database-password"
            autoComplete="off"
            disabled={isDisabled}
            value={values.password}
            onChange={(event) => set({ password: event.currentTarget.value })}
          />
        )}
      </Field>
      {hasStored && (
        <div>
          <Button size="sm" variant="quiet" onClick={() => mode("keep")}>
            Keep the stored password
          </Button>
        </div>
      )}
    </div>
  );
}

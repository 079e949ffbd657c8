import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useMemo, useState } from "react";
import { Problem } from "@/api/problem";
import { Button } from "@/components/button";
import { useLeaveGuard } from "@/components/leave-guard";
import { ProblemView } from "@/components/problem-view";
import { announce } from "@/lib/announce";
import { type Shortcut, useShortcuts } from "@/lib/shortcuts";
import { AnswersSection } from "./answers-section";
import { asksForPassword, type Connection, type ConnectionValues } from "./connection-values";
import { EncryptionSection } from "./encryption-section";
import { fieldErrorOf, isToldByFields } from "./field-errors";
import { LimitsSection } from "./limits-section";
import { PlaceSection } from "./place-section";
import { type ConnectionTest, keepTest } from "./test-connection";
import { TestPanel } from "./test-panel";
import { stepTitle } from "./test-steps";
import { useFormTest } from "./use-form-test";

export interface ConnectionFormProps {
  /** Null for one that is not saved yet. */
  connection: Connection | null;
  /** As it was when the form was filled. */
  before: ConnectionValues;
  values: ConnectionValues;
  onChange: (values: ConnectionValues) => void;
  isDirty: boolean;
  /** Save what stands in the form; rejects with what the API refuses. */
  save: () => Promise<Connection>;
  onSaved: (connection: Connection) => void;
  /** Shown in the bar beside the save button. */
  secondary?: ReactNode;
  isDisabled?: boolean;
}

/** All of a connection, its test, and a bar that saves. */
export function ConnectionForm(props: ConnectionFormProps) {
  const { connection, before, values, onChange, isDisabled = false } = props;
  const test = useFormTest(connection, before, values);
  const saving = useSaving(props, test);
  const hasStored = connection?.has_password === true;
  const isRemoved = values.passwordMode === "remove";
  const mustRetype =
    hasStored && !isRemoved && values.password === "" && asksForPassword(before, values);
  const errors = [saving.error, test.error];
  const fields = {
    values,
    isDisabled,
    set: (changes: Partial<ConnectionValues>) => {
      onChange({ ...values, ...changes });
      saving.forget();
    },
    errorOf: (path: string) => fieldErrorOf(errors, path),
  };
  return (
    <form
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void saving.save();
      }}
      noValidate
      aria-label={connection ? `Connection ${connection.name}` : "New connection"}
    >
      <div className="grid gap-4 xl:grid-cols-[minmax(0,1fr)_21rem] xl:items-start xl:gap-6">
        <div className="flex min-w-0 flex-col gap-4">
          <PlaceSection
            {...fields}
            isNew={connection === null}
            hasStored={hasStored}
            mustRetype={mustRetype}
          />
          <EncryptionSection {...fields} />
          <LimitsSection {...fields} />
          <AnswersSection {...fields} />
        </div>
        <TestPanel
          test={test.test}
          error={isToldByFields(test.error) ? null : test.error}
          isRunning={test.isRunning}
          isStale={test.isStale}
          onTest={() => void test.run()}
          disabledBecause={testObstacle(values, mustRetype)}
        />
      </div>
      {!isDisabled && <SaveBar {...props} isNew={connection === null} saving={saving} />}
    </form>
  );
}

function testObstacle(values: ConnectionValues, mustRetype: boolean): string | undefined {
  if ([values.host, values.database, values.username].some((text) => text.trim() === "")) {
    return "Host, database and user are needed first.";
  }
  return mustRetype ? "The password is needed first." : undefined;
}

type Saving = ReturnType<typeof useSaving>;

/** Saving tests first what has not been tested, and asks when it does not work. */
function useSaving(props: ConnectionFormProps, test: ReturnType<typeof useFormTest>) {
  const { connection, isDirty, save: send, onSaved } = props;
  const client = useQueryClient();
  const pass = useLeaveGuard(isDirty);
  const [doubt, setDoubt] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isSaving, setSaving] = useState(false);

  const saveAnyway = async (tested: ConnectionTest | null) => {
    setDoubt(null);
    setError(null);
    setSaving(true);
    try {
      const saved = await send();
      if (tested) {
        keepTest(client, saved.id, tested);
      }
      pass();
      announce("Saved");
      onSaved(saved);
    } catch (failure) {
      setError(failure);
    } finally {
      setSaving(false);
    }
  };
  const save = async () => {
    if (test.isRunning || isSaving || (connection !== null && !isDirty)) {
      return;
    }
    if (test.isAsSaved) {
      return saveAnyway(null);
    }
    setDoubt(null);
    const result = doubt === null && test.test && !test.isStale ? test : await test.run();
    if ("test" in result && result.test?.ok) {
      return saveAnyway(result.test);
    }
    if (!("test" in result) && isToldByFields(result.error)) {
      return announce("It is not saved: see the fields that are marked.");
    }
    const failed = "test" in result && result.test?.steps.find((step) => !step.ok);
    setDoubt(
      failed
        ? `The test failed at “${stepTitle(failed.name)}”. ${failed.message} ${failed.fix ?? ""}`
        : "The test could not be made.",
    );
  };
  const forget = () => {
    setDoubt(null);
    setError(null);
  };
  useShortcuts(
    // biome-ignore lint/correctness/useExhaustiveDependencies: the newest save is wanted each time.
    useMemo<Shortcut[]>(
      () => [
        {
          keys: "Mod+S",
          title: "Save",
          group: "Connection",
          inFields: true,
          run: () => void save(),
        },
      ],
      [props.values, test.test, test.isStale, test.isRunning, isSaving, isDirty],
    ),
  );
  return {
    save,
    saveAnyway: () => saveAnyway(test.isStale ? null : test.test),
    forget,
    doubt,
    error,
    isSaving,
    isTesting: test.isRunning,
  };
}

function SaveBar(props: ConnectionFormProps & { isNew: boolean; saving: Saving }) {
  const { saving, isNew, isDirty, secondary } = props;
  const isConflict = saving.error instanceof Problem && saving.error.code === "conflict";
  const isShown = saving.error !== null && !isConflict && !isToldByFields(saving.error);
  return (
    <div className="sticky bottom-0 z-10 -mx-4 mt-4 flex flex-col gap-3 border-t border-line bg-canvas px-4 py-3 sm:-mx-6 sm:px-6">
      {isShown && <ProblemView error={saving.error} isInline />}
      {isToldByFields(saving.error) && (
        <p role="alert" className="text-bad">
          It is not saved: see the fields that are marked.
        </p>
      )}
      {saving.doubt && (
        <div role="alert" className="rounded-md bg-warn-soft p-3">
          <p className="font-semibold text-warn">It does not work yet. Save it anyway?</p>
          <p className="mt-0.5 wrap-anywhere">{saving.doubt}</p>
          <p className="mt-0.5 text-sm">Saved like this, it may fail whoever asks it.</p>
        </div>
      )}
      <div className="flex flex-wrap items-center justify-end gap-2">
        <span className="mr-auto text-sm text-quiet">
          {isDirty ? (isNew ? "Not saved yet" : "Unsaved changes") : isNew ? "" : "All saved"}
        </span>
        {secondary}
        {(saving.doubt || saving.isTesting) && (
          <Button onClick={() => void saving.saveAnyway()} isPending={saving.isSaving}>
            {saving.doubt ? "Save anyway" : "Save without the test"}
          </Button>
        )}
        <Button
          type="submit"
          variant="primary"
          isPending={saving.isSaving || saving.isTesting}
          disabled={!isNew && !isDirty}
        >
          {saving.doubt ? "Test again and save" : "Save connection"}
        </Button>
      </div>
    </div>
  );
}

import { type FormEvent, useId, useState } from "react";
import { useUser } from "@/api/use-session";
import { Button } from "@/components/button";
import { CopyField } from "@/components/copy";
import { Dialog } from "@/components/dialog";
import { Field, TextInput } from "@/components/field";
import { errorAt, FormProblem } from "@/components/form-problem";
import { Select } from "@/components/select";
import { Checkbox } from "@/components/switch";
import { Time } from "@/components/time";
import { type Scope, useCreateToken } from "./change-tokens";

const DAYS = ["7", "30", "90", "180", "364"] as const;
const LIVES = DAYS.map((value) => ({
  value,
  label: value === "364" ? "A year" : `${value} days`,
}));
const DAY_MS = 86_400_000;

/** Make a token: first what it may, then the token itself, this once. */
export function TokenDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const me = useUser();
  const [name, setName] = useState("");
  const [days, setDays] = useState<(typeof DAYS)[number]>("90");
  const [scopes, setScopes] = useState<readonly Scope[]>(["read"]);
  const { mutate, data, error, isPending } = useCreateToken();
  if (data) {
    return (
      <Dialog
        isOpen
        title={`“${data.name}” is made`}
        description="Copy it now: it is shown this once, and kept nowhere."
        footer={
          <Button variant="primary" onClick={onClose}>
            I have copied it
          </Button>
        }
      >
        <CopyField label="Token" text={data.token} />
        <p className="text-sm text-quiet">
          Send it as <code className="font-mono text-xs">Authorization: Bearer hgt_…</code>. It ends{" "}
          <Time at={data.expires_at} />.
        </p>
      </Dialog>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const expiresAt = new Date(Date.now() + Number(days) * DAY_MS).toISOString();
    mutate({ name: name.trim(), scopes: [...scopes], expires_at: expiresAt });
  };
  const toggle = (scope: Scope) => (isOn: boolean) =>
    setScopes(isOn ? [...scopes, scope] : scopes.filter((one) => one !== scope));
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="New token"
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={id} variant="primary" isPending={isPending}>
            Make token
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={submit} className="flex flex-col gap-4">
        <Field
          label="Name"
          hint="What uses it: you see it here when you want to revoke it."
          error={errorAt(error, "/name")}
        >
          {(control) => (
            <TextInput
              {...control}
              value={name}
              required
              maxLength={100}
              autoComplete="off"
              placeholder="Nightly report"
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1.5 text-sm font-medium">It may</legend>
          <Checkbox
            label="Read"
            hint="Whatever you may look at: GET requests."
            checked={scopes.includes("read")}
            onChange={toggle("read")}
          />
          <Checkbox
            label="Write"
            hint={
              me.role === "viewer"
                ? "Whatever else your role may do."
                : "Everything else, asking a database too: POST, PATCH, DELETE."
            }
            checked={scopes.includes("write")}
            onChange={toggle("write")}
          />
          {errorAt(error, "/scopes") && (
            <p role="alert" className="text-sm text-bad">
              {errorAt(error, "/scopes")}
            </p>
          )}
        </fieldset>
        <Field label="It lasts" error={errorAt(error, "/expires_at")}>
          {(control) => <Select {...control} value={days} onChange={setDays} options={LIVES} />}
        </Field>
        <FormProblem error={error} shown={["/name", "/scopes", "/expires_at"]} />
      </form>
    </Dialog>
  );
}

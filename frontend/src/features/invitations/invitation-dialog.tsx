import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { allGroupsQuery } from "@/api/directory";
import { Problem } from "@/api/problem";
import { Button } from "@/components/button";
import { CopyField } from "@/components/copy";
import { Dialog } from "@/components/dialog";
import { Field, TextInput } from "@/components/field";
import { errorAt, FormProblem } from "@/components/form-problem";
import { Select } from "@/components/select";
import { Checkbox } from "@/components/switch";
import { Time } from "@/components/time";
import { ROLE_OPTIONS, ROLE_WORDS, type RoleName } from "@/lib/roles";
import { useCreateInvitation } from "./change-invitations";

/** Invite one person: first whom and as what, then the link to hand over. */
export function InvitationDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<RoleName>("editor");
  const [groupIds, setGroupIds] = useState<readonly string[]>([]);
  const create = useCreateInvitation();
  if (create.data) {
    const { email: invited, link, expires_at: expiresAt } = create.data;
    return (
      <Dialog
        isOpen
        onClose={onClose}
        title={`${invited} is invited`}
        description="Hand them this link, by a way that only they read. It is shown this once."
        footer={
          <>
            <Button
              onClick={() => {
                create.reset();
                setEmail("");
              }}
            >
              Invite another
            </Button>
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          </>
        }
      >
        <CopyField label="Link" text={link} />
        <p className="text-sm text-quiet">
          It works once and ends <Time at={expiresAt} />. Lost it? Invite them again: the newer link
          replaces this one.
        </p>
      </Dialog>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ email: email.trim(), role, group_ids: [...groupIds] });
  };
  const { error } = create;
  const isTaken = error instanceof Problem && error.code === "name_taken";
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Invite somebody"
      description="You get a link to hand to them. Heliograph sends no mail."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={id} variant="primary" isPending={create.isPending}>
            Make the link
          </Button>
        </>
      }
    >
      <form id={id} onSubmit={submit} className="flex flex-col gap-4">
        <Field
          label="Email"
          hint="They sign in with it. It cannot be changed later."
          error={isTaken ? error.body.detail : errorAt(error, "/email")}
        >
          {(control) => (
            <TextInput
              {...control}
              type="email"
              value={email}
              required
              autoComplete="off"
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Role" hint={ROLE_WORDS[role].lead} error={errorAt(error, "/role")}>
          {(control) => (
            <Select {...control} value={role} onChange={setRole} options={ROLE_OPTIONS} />
          )}
        </Field>
        <GroupChoice chosen={groupIds} onChange={setGroupIds} />
        {!isTaken && <FormProblem error={error} shown={["/email", "/role"]} />}
      </form>
    </Dialog>
  );
}

function GroupChoice(props: {
  chosen: readonly string[];
  onChange: (ids: readonly string[]) => void;
}) {
  const { chosen, onChange } = props;
  const { data = [] } = useQuery(allGroupsQuery());
  if (data.length === 0) {
    return null;
  }
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1.5 text-sm font-medium">
        Groups <span className="font-normal text-quiet">(optional)</span>
      </legend>
      <div className="flex max-h-44 flex-col gap-2 overflow-y-auto rounded-md border border-line p-3">
        {data.map(({ id, name }) => (
          <Checkbox
            key={id}
            label={name}
            checked={chosen.includes(id)}
            onChange={(isChosen) =>
              onChange(isChosen ? [...chosen, id] : chosen.filter((one) => one !== id))
            }
          />
        ))}
      </div>
    </fieldset>
  );
}

import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import type { components } from "@/api/schema";
import { Button } from "@/components/button";
import { Field } from "@/components/field";
import { FormProblem } from "@/components/form-problem";
import { GroupPicker, PersonPicker } from "@/components/person-picker";
import type { PickerItem } from "@/components/picker";
import { Select } from "@/components/select";
import { announce } from "@/lib/announce";
import { type Grant, type Level, useGiveGrant } from "./give-grant";
import { LEVELS } from "./levels";

type GranteeType = components["schemas"]["GranteeType"];

const TYPES: readonly { value: GranteeType; label: string }[] = [
  { value: "user", label: "A person" },
  { value: "group", label: "A group" },
  { value: "everyone", label: "Everyone" },
];

/** Share with one more: whom, and what they may do. */
export function NewGrantForm(props: {
  objectType: string;
  objectId: string;
  grants: readonly Grant[];
}) {
  const { objectType, objectId, grants } = props;
  const [type, setType] = useState<GranteeType>("user");
  const [grantee, setGrantee] = useState<PickerItem | null>(null);
  const [level, setLevel] = useState<Level>("view");
  const [turn, setTurn] = useState(0);
  const { mutate, isPending, error, reset } = useGiveGrant();
  const without = grants.flatMap((grant) => (grant.grantee.id ? [grant.grantee.id] : []));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (type !== "everyone" && !grantee) {
      return;
    }
    const body = {
      object_type: objectType,
      object_id: objectId,
      grantee: { type, id: type === "everyone" ? null : (grantee?.id ?? null) },
      level,
    };
    mutate(body, {
      onSuccess: () => {
        announce(`Shared with ${type === "everyone" ? "everyone" : grantee?.label}`);
        setGrantee(null);
        setTurn((now) => now + 1);
      },
    });
  };
  const picker = { value: grantee, onChange: setGrantee, without };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 p-4 sm:px-5">
      <div className="grid gap-3 sm:grid-cols-[7rem_minmax(0,1fr)_11.5rem_auto] sm:items-end">
        <Field label="Share with">
          {(control) => (
            <Select
              {...control}
              value={type}
              options={TYPES}
              onChange={(chosen) => {
                setType(chosen);
                setGrantee(null);
                reset();
              }}
            />
          )}
        </Field>
        {type === "everyone" ? (
          <p className="pb-2 text-sm text-quiet max-sm:hidden">All who can sign in</p>
        ) : (
          <Field label={type === "user" ? "Who" : "Which group"}>
            {(control) =>
              type === "user" ? (
                <PersonPicker
                  key={`user-${turn}`}
                  {...control}
                  {...picker}
                  placeholder="Name or email"
                />
              ) : (
                <GroupPicker
                  key={`group-${turn}`}
                  {...control}
                  {...picker}
                  placeholder="Its name"
                />
              )
            }
          </Field>
        )}
        <Field label="What they may do">
          {(control) => <Select {...control} value={level} onChange={setLevel} options={LEVELS} />}
        </Field>
        <Button
          type="submit"
          icon={Plus}
          variant="primary"
          isPending={isPending}
          disabled={type !== "everyone" && !grantee}
        >
          Share
        </Button>
      </div>
      <FormProblem error={error} />
    </form>
  );
}

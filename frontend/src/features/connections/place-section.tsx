import { Link2 } from "lucide-react";
import { type ClipboardEvent, useId, useState } from "react";
import { Field, inputClasses, TextInput } from "@/components/field";
import { Panel } from "@/components/panel";
import { announce } from "@/lib/announce";
import { cn } from "@/lib/cn";
import { readConnectionUrl, type UrlParts } from "./connection-url";
import type { ConnectionValues } from "./connection-values";
import type { FieldsProps } from "./fields-props";
import { PasswordField } from "./password-field";

/** Where the database is and who logs in to it. */
export function PlaceSection(
  props: FieldsProps & { isNew: boolean; hasStored: boolean; mustRetype: boolean },
) {
  const { values, set, errorOf, isDisabled, isNew } = props;
  const [note, setNote] = useState<{ text: string; isProblem: boolean } | null>(null);
  const text = (name: "name" | "host" | "port" | "database" | "username") => ({
    value: values[name],
    disabled: isDisabled,
    onChange: (event: { currentTarget: { value: string } }) =>
      set({ [name]: event.currentTarget.value }),
  });
  const take = (pasted: string): boolean => {
    const reading = readConnectionUrl(pasted);
    if (!reading.isUrl) {
      return false;
    }
    if ("problem" in reading) {
      setNote({ text: reading.problem, isProblem: true });
      return true;
    }
    set(fromUrl(reading.parts, values));
    const message = `Filled in from the address.${
      reading.left.length > 0 ? ` Left out, for want of a field: ${reading.left.join(", ")}.` : ""
    }`;
    setNote({ text: message, isProblem: false });
    announce(message);
    return true;
  };
  const onPaste = (event: ClipboardEvent<HTMLInputElement>) => {
    if (take(event.clipboardData.getData("text"))) {
      event.preventDefault();
    }
  };
  return (
    <Panel title="Where it is, and who logs in">
      {isNew && <UrlField note={note} onTake={take} onPaste={onPaste} />}
      <Field label="Name" hint="What people here call it." error={errorOf("/name")}>
        {(control) => (
          <TextInput {...control} {...text("name")} required maxLength={100} autoComplete="off" />
        )}
      </Field>
      <div className="grid grid-cols-[minmax(0,1fr)_6rem] gap-4 sm:grid-cols-[minmax(0,1fr)_7rem]">
        <Field label="Host" error={errorOf("/host")}>
          {(control) => (
            <TextInput
              {...control}
              {...text("host")}
              required
              spellCheck={false}
              autoCapitalize="none"
              autoComplete="off"
              placeholder="db.example.com"
              onPaste={onPaste} // An address that is pasted here fills all fields, too.
            />
          )}
        </Field>
        <Field label="Port" error={errorOf("/port")}>
          {(control) => <TextInput {...control} {...text("port")} inputMode="numeric" required />}
        </Field>
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Database" error={errorOf("/database")}>
          {(control) => (
            <TextInput
              {...control}
              {...text("database")}
              required
              spellCheck={false}
              autoCapitalize="none"
              autoComplete="off"
            />
          )}
        </Field>
        <Field
          label="User"
          hint="A role that can only read: Heliograph never writes, and a test says so."
          error={errorOf("/username")}
        >
          {(control) => (
            <TextInput
              {...control}
              {...text("username")}
              required
              spellCheck={false}
              autoCapitalize="none"
              autoComplete="off"
            />
          )}
        </Field>
      </div>
      <PasswordField {...props} />
    </Panel>
  );
}

function UrlField(props: {
  note: { text: string; isProblem: boolean } | null;
  onTake: (text: string) => boolean;
  onPaste: (event: ClipboardEvent<HTMLInputElement>) => void;
}) {
  const id = useId();
  const { note } = props;
  return (
    <div className="flex flex-col gap-1.5 rounded-md bg-sunken p-3">
      <label htmlFor={id} className="text-sm font-medium">
        Have an address? Paste it
      </label>
      <span className="relative block">
        <Link2
          aria-hidden
          size={16}
          className="pointer-events-none absolute top-1/2 left-3 -translate-y-1/2 text-quiet"
        />
        <input
          id={id}
          type="text"
          value=""
          placeholder="postgresql://user:password@host:5432/database"
          aria-describedby={`${id}-note`}
          autoComplete="off"
          spellCheck={false}
          onPaste={props.onPaste}
          onChange={(event) => props.onTake(event.currentTarget.value)}
          className={cn(inputClasses, "pl-9 font-mono text-sm")}
        />
      </span>
      <p
        id={`${id}-note`}
        role={note?.isProblem ? "alert" : undefined}
        className={cn("text-sm", note?.isProblem ? "text-bad" : "text-quiet")}
      >
        {note?.text ?? "It fills the fields below. It stays in this page until you test or save."}
      </p>
    </div>
  );
}

/** What a pasted address makes of the form; what it does not say stays. */
function fromUrl(parts: UrlParts, values: ConnectionValues): Partial<ConnectionValues> {
  const { password, ...others } = parts;
  return {
    ...others,
    ...(password === undefined ? {} : { password, passwordMode: "replace" as const }),
    ...(values.name === "" && parts.database ? { name: parts.database } : {}),
  };
}

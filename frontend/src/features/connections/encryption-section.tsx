import { Upload } from "lucide-react";
import { type ChangeEvent, useRef, useState } from "react";
import { Button } from "@/components/button";
import { Field, TextArea } from "@/components/field";
import { Panel } from "@/components/panel";
import { Select } from "@/components/select";
import type { SslMode } from "./connection-url";
import type { FieldsProps } from "./fields-props";

const MODES: readonly { value: SslMode; label: string; hint: string }[] = [
  {
    value: "verify-full",
    label: "Encrypted, certificate and host checked (verify-full)",
    hint: "The safest. Without a certificate below, the public authorities are trusted.",
  },
  {
    value: "verify-ca",
    label: "Encrypted, certificate checked (verify-ca)",
    hint: "The certificate must be signed by the authority below; the host may be another.",
  },
  {
    value: "require",
    label: "Encrypted (require)",
    hint: "Nobody can read along, but nothing says that it is your server.",
  },
  {
    value: "prefer",
    label: "Encrypted if the server offers it (prefer)",
    hint: "Works nearly everywhere. Over a network that is not yours, choose a stricter one.",
  },
  {
    value: "disable",
    label: "Not encrypted (disable)",
    hint: "For a database on this machine or in a private network.",
  },
];
const MOST_BYTES = 100_000;

/** How the way to the database is protected. */
export function EncryptionSection({ values, set, errorOf, isDisabled }: FieldsProps) {
  const picker = useRef<HTMLInputElement>(null);
  const [refusal, setRefusal] = useState<string>();
  const read = async (event: ChangeEvent<HTMLInputElement>) => {
    const input = event.currentTarget;
    const file = input.files?.[0];
    if (!file) {
      return;
    }
    const isTooLarge = file.size > MOST_BYTES;
    setRefusal(isTooLarge ? "This file is too large for a certificate." : undefined);
    if (!isTooLarge) {
      set({ sslRootCert: await file.text() });
    }
    input.value = ""; // So that the same file can be chosen again.
  };
  const isUsed = values.sslMode !== "disable" && values.sslMode !== "prefer";
  return (
    <Panel title="Encryption">
      <Field
        label="Mode"
        hint={MODES.find(({ value }) => value === values.sslMode)?.hint}
        error={errorOf("/ssl_mode")}
      >
        {(control) => (
          <Select
            {...control}
            value={values.sslMode}
            onChange={(sslMode) => set({ sslMode })}
            options={MODES}
            disabled={isDisabled}
          />
        )}
      </Field>
      {(isUsed || values.sslRootCert !== "") && (
        <div className="flex flex-col gap-2">
          <Field
            label="Root certificate"
            isOptional={values.sslMode !== "verify-ca"}
            hint="The certificate of the authority that has signed the server's, in PEM. Never a private key."
            error={refusal ?? errorOf("/ssl_root_cert")}
          >
            {(control) => (
              <TextArea
                {...control}
                value={values.sslRootCert}
                disabled={isDisabled}
                onChange={(event) => set({ sslRootCert: event.currentTarget.value })}
                placeholder="-----BEGIN CERTIFICATE-----"
                spellCheck={false}
                rows={values.sslRootCert ? 6 : 3}
                className="font-mono text-xs"
              />
            )}
          </Field>
          {!isDisabled && (
            <div className="flex flex-wrap gap-2">
              <input
                ref={picker}
                type="file"
                accept=".pem,.crt,.cer,.ca-bundle,text/plain"
                onChange={(event) => void read(event)}
                aria-label="File with the root certificate"
                tabIndex={-1}
                className="sr-only"
              />
              <Button size="sm" icon={Upload} onClick={() => picker.current?.click()}>
                Choose a file
              </Button>
              {values.sslRootCert !== "" && (
                <Button size="sm" variant="quiet" onClick={() => set({ sslRootCert: "" })}>
                  Remove the certificate
                </Button>
              )}
            </div>
          )}
        </div>
      )}
    </Panel>
  );
}

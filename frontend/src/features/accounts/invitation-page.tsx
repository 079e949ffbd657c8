import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { Button } from "@/components/button";
import { Field, TextInput } from "@/components/field";
import { errorAt, FormProblem } from "@/components/form-problem";
import { acceptInvitation } from "./accept-invitation";
import { invitationQuery } from "./inspect-link";
import { LinkGate } from "./link-gate";
import { useLinkToken } from "./link-token";
import { NewPasswordField } from "./new-password-field";

const FIELDS = ["/name", "/password"];

export function InvitationPage() {
  const token = useLinkToken();
  const navigate = useNavigate();
  const link = useQuery(invitationQuery(token));
  const { mutate, isPending, error } = useMutation({
    mutationFn: acceptInvitation,
    onSuccess: () => navigate({ to: "/", replace: true }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    mutate({ token, name: String(form.get("name")), password: String(form.get("password")) });
  };
  return (
    <LinkGate title="You are invited" hasToken={token !== ""} link={link}>
      {(email) => (
        <form onSubmit={submit} className="flex flex-col gap-4">
          <p className="text-quiet">
            A name and a password make <span className="font-medium text-ink">{email}</span> one of
            the people here.
          </p>
          <input type="hidden" name="email" autoComplete="username" value={email} readOnly />
          <Field label="Your name" error={errorAt(error, "/name")}>
            {(control) => (
              <TextInput {...control} name="name" autoComplete="name" required autoFocus />
            )}
          </Field>
          <NewPasswordField error={errorAt(error, "/password")} />
          <FormProblem error={error} shown={FIELDS} />
          <Button type="submit" variant="primary" isPending={isPending}>
            Accept the invitation
          </Button>
        </form>
      )}
    </LinkGate>
  );
}

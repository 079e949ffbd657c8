import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { Button } from "@/components/button";
import { errorAt, FormProblem } from "@/components/form-problem";
import { passwordResetQuery } from "./inspect-link";
import { LinkGate, SignInLink } from "./link-gate";
import { useLinkToken } from "./link-token";
import { NewPasswordField } from "./new-password-field";
import { OutsideCard } from "./outside-card";
import { resetPassword } from "./reset-password";

export function PasswordResetPage() {
  const token = useLinkToken();
  const link = useQuery(passwordResetQuery(token));
  const { mutate, isPending, isSuccess, error } = useMutation({ mutationFn: resetPassword });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    mutate({ token, password: String(new FormData(event.currentTarget).get("password")) });
  };
  if (isSuccess) {
    return (
      <OutsideCard title="Your password is changed">
        <p className="mb-5">You are signed out everywhere. Sign in with the new password.</p>
        <SignInLink />
      </OutsideCard>
    );
  }
  return (
    <LinkGate title="Choose a new password" hasToken={token !== ""} link={link}>
      {(email) => (
        <form onSubmit={submit} className="flex flex-col gap-4">
          <p className="text-quiet">
            For <span className="font-medium text-ink">{email}</span>. All sessions end.
          </p>
          <input type="hidden" name="email" autoComplete="username" value={email} readOnly />
          <NewPasswordField label="New password" error={errorAt(error, "/password")} />
          <FormProblem error={error} shown={["/password"]} />
          <Button type="submit" variant="primary" isPending={isPending}>
            Change the password
          </Button>
        </form>
      )}
    </LinkGate>
  );
}

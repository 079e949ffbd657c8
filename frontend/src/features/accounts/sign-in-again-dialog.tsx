import { useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { session } from "@/api/client";
import { useSession } from "@/api/use-session";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field, PasswordInput } from "@/components/field";
import { FormProblem } from "@/components/form-problem";
import { signIn } from "./sign-in";

/** Over the page of somebody whose session is over: with the password, everything goes on. */
export function SignInAgainDialog() {
  const { status, user } = useSession();
  const { mutate, isPending, error } = useMutation({ mutationFn: signIn });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get("password"));
    mutate({ email: user?.email ?? "", password });
  };
  return (
    <Dialog
      isOpen={status === "expired"}
      title="Please sign in again"
      description={
        <>
          Your session is over. Nothing on this page is lost: it goes on as soon as you have signed
          in.
        </>
      }
      size="sm"
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <p className="text-sm">
          <span className="text-quiet">Signed in as </span>
          <span className="font-medium">{user?.email}</span>
        </p>
        <input
          type="hidden"
          name="email"
          autoComplete="username"
          value={user?.email ?? ""}
          readOnly
        />
        <Field label="Password">
          {(control) => (
            <PasswordInput
              {...control}
              name="password"
              autoComplete="current-password"
              required
              autoFocus
            />
          )}
        </Field>
        <FormProblem error={error} />
        <div className="flex flex-wrap justify-end gap-2">
          <Button variant="quiet" onClick={() => session.decline()}>
            Sign out
          </Button>
          <Button type="submit" variant="primary" isPending={isPending}>
            Sign in
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

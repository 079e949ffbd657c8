import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { Button } from "@/components/button";
import { Field, PasswordInput, TextInput } from "@/components/field";
import { FormProblem } from "@/components/form-problem";
import { setupQuery } from "./get-setup";
import { OutsideCard } from "./outside-card";
import { signIn } from "./sign-in";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const router = useRouter();
  const { next } = route.useSearch();
  const { data: setup } = useQuery(setupQuery);
  const { mutate, isPending, error } = useMutation({
    mutationFn: signIn,
    onSuccess: () => router.history.replace(next ?? "/"),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    mutate({ email: String(form.get("email")), password: String(form.get("password")) });
  };
  return (
    <OutsideCard title="Sign in">
      {setup?.needed && (
        <p className="mb-5 rounded-md bg-sun-soft p-3">
          Heliograph waits for its first admin.{" "}
          <Link to="/setup" className="link">
            How to set it up
          </Link>
        </p>
      )}
      <form onSubmit={submit} className="flex flex-col gap-4">
        <Field label="Email">
          {(control) => (
            <TextInput
              {...control}
              name="email"
              type="email"
              autoComplete="username"
              required
              autoFocus
            />
          )}
        </Field>
        <Field label="Password">
          {(control) => (
            <PasswordInput {...control} name="password" autoComplete="current-password" required />
          )}
        </Field>
        <FormProblem error={error} />
        <Button type="submit" variant="primary" isPending={isPending}>
          Sign in
        </Button>
        <p className="text-sm text-quiet">
          Forgotten your password? An admin makes you a link for a new one.
        </p>
      </form>
    </OutsideCard>
  );
}

import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { Button } from "@/components/button";
import { Field, PasswordInput, TextInput } from "@/components/field";
import { ProblemView } from "@/components/problem-view";
import { OutsideCard } from "./outside-card";
import { signIn } from "./sign-in";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const router = useRouter();
  const { next } = route.useSearch();
  const { mutate, isPending, error } = useMutation({
    mutationFn: signIn,
    onSuccess: () => router.history.push(next ?? "/"),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    mutate({ email: String(form.get("email")), password: String(form.get("password")) });
  };
  return (
    <OutsideCard title="Sign in">
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
        {error && <ProblemView error={error} isInline />}
        <Button type="submit" variant="primary" isPending={isPending}>
          Sign in
        </Button>
      </form>
    </OutsideCard>
  );
}

import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { Button, buttonClasses } from "@/components/button";
import { Field, TextInput } from "@/components/field";
import { errorAt, FormProblem } from "@/components/form-problem";
import { ProblemView } from "@/components/problem-view";
import { SkeletonRows } from "@/components/skeleton";
import { setupQuery } from "./get-setup";
import { useLinkToken } from "./link-token";
import { NewPasswordField } from "./new-password-field";
import { OutsideCard } from "./outside-card";
import { setUp } from "./set-up";

const FIELDS = ["/email", "/name", "/password"];

export function SetupPage() {
  const token = useLinkToken();
  const { data, error, refetch, isRefetching } = useQuery(setupQuery);
  if (error) {
    return (
      <OutsideCard title="Set up Heliograph">
        <ProblemView
          error={error}
          onRetry={() => void refetch()}
          isRetrying={isRefetching}
          isInline
        />
      </OutsideCard>
    );
  }
  if (!data) {
    return (
      <OutsideCard title="Set up Heliograph">
        <SkeletonRows count={3} />
      </OutsideCard>
    );
  }
  if (!data.needed) {
    return (
      <OutsideCard title="Heliograph is set up">
        <p className="mb-5">
          There is an admin already. New people come by an invitation of theirs.
        </p>
        <Link to="/sign-in" className={buttonClasses("primary")}>
          Sign in
        </Link>
      </OutsideCard>
    );
  }
  return token ? <SetupForm token={token} /> : <SetupLinkMissing />;
}

function SetupForm({ token }: { token: string }) {
  const navigate = useNavigate();
  const { mutate, isPending, error } = useMutation({
    mutationFn: setUp,
    onSuccess: () => navigate({ to: "/", replace: true }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name));
    mutate({ token, name: text("name"), email: text("email"), password: text("password") });
  };
  return (
    <OutsideCard
      title="Set up Heliograph"
      lead="You become its first admin: you connect databases and invite everybody else."
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <Field label="Your name" error={errorAt(error, "/name")}>
          {(control) => (
            <TextInput {...control} name="name" autoComplete="name" required autoFocus />
          )}
        </Field>
        <Field label="Email" hint="You sign in with it." error={errorAt(error, "/email")}>
          {(control) => (
            <TextInput {...control} name="email" type="email" autoComplete="username" required />
          )}
        </Field>
        <NewPasswordField error={errorAt(error, "/password")} />
        <FormProblem error={error} shown={FIELDS} />
        <Button type="submit" variant="primary" isPending={isPending}>
          Create the first admin
        </Button>
      </form>
    </OutsideCard>
  );
}

function SetupLinkMissing() {
  return (
    <OutsideCard title="Heliograph waits for its first admin">
      <p>
        Open the one-time link that <code className="font-mono text-sm">heliograph serve</code> has
        printed in its terminal. A new one is made by
      </p>
      <pre className="mt-3 overflow-x-auto rounded-md border border-line bg-sunken p-3 font-mono text-sm">
        heliograph admin setup-link
      </pre>
    </OutsideCard>
  );
}

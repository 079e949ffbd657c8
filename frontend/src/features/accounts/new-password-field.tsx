import { Field, PasswordInput } from "@/components/field";

/** A password to choose; the API says why it refuses one. */
export function NewPasswordField({
  label = "Password",
  error,
}: {
  label?: string;
  error: string | undefined;
}) {
  return (
    <Field
      label={label}
      hint="10 characters or more; a few words are easy to remember."
      error={error}
    >
      {(control) => (
        <PasswordInput
          {...control}
          name="password"
          autoComplete="new-password"
          minLength={10}
          required
        />
      )}
    </Field>
  );
}

import { Problem } from "@/api/problem";
import { ProblemView } from "./problem-view";

/** The API's message about one field: `errorAt(error, "/email")`. */
export function errorAt(error: unknown, path: string): string | undefined {
  const found = error instanceof Problem ? error.fieldError(path) : undefined;
  return (
    found && found.charAt(0).toUpperCase() + found.slice(1) + (/[.!?]$/.test(found) ? "" : ".")
  );
}

export interface FormProblemProps {
  error: unknown;
  /** The paths whose messages stand beside their fields. */
  shown?: readonly string[];
}

/** What went wrong with a form, unless its fields say all of it. */
export function FormProblem({ error, shown = [] }: FormProblemProps) {
  if (!error) {
    return null;
  }
  const errors = error instanceof Problem ? error.body.errors : [];
  const isShownElsewhere = errors.length > 0 && errors.every(({ path }) => shown.includes(path));
  return isShownElsewhere ? null : <ProblemView error={error} isInline />;
}

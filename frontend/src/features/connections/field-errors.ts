import { Problem, type ProblemCode } from "@/api/problem";
import { errorAt } from "@/components/form-problem";

/** Refusals of the whole that are about one field. */
const ABOUT: Partial<Record<ProblemCode, string>> = {
  name_taken: "/name",
  address_forbidden: "/host",
  password_required: "/password",
};

/** Return the API's message about a field, out of the first of the errors that has one. */
export function fieldErrorOf(errors: readonly unknown[], path: string): string | undefined {
  for (const error of errors) {
    const found = errorAt(error, path);
    if (found !== undefined) {
      return found;
    }
    if (error instanceof Problem && ABOUT[error.code] === path) {
      return error.body.detail;
    }
  }
  return undefined;
}

/** Say whether fields of the form tell all that an error says. */
export function isToldByFields(error: unknown): boolean {
  if (!(error instanceof Problem)) {
    return false;
  }
  return error.body.errors.length > 0 || ABOUT[error.code] !== undefined;
}

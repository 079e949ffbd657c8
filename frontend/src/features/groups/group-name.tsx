import { Problem } from "@/api/problem";
import { errorAt } from "@/components/form-problem";
import { ProblemView } from "@/components/problem-view";

/** What the API has against a group's name, for its field. */
export function groupNameError(error: unknown): string | undefined {
  const isTaken = error instanceof Problem && error.code === "name_taken";
  return isTaken ? error.body.detail : errorAt(error, "/name");
}

/** What no field tells. */
export function GroupNameProblem({ error }: { error: unknown }) {
  return error && groupNameError(error) === undefined ? (
    <ProblemView error={error} isInline />
  ) : null;
}

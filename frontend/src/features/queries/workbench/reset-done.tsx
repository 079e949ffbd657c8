import { RotateCcw } from "lucide-react";
import { EmptyState } from "@/components/empty-state";
import type { ConnectionChoice } from "../list-connections";
import type { ResetAnswer } from "../reset-session";
import { resetText } from "./use-reset";

/** What a reset has done, where the result was. */
export function ResetDone(props: {
  answer: ResetAnswer;
  connections: readonly ConnectionChoice[];
}) {
  const { answer, connections } = props;
  const unreachable = answer.unreachable.map(
    (one) => connections.find(({ id }) => id === one)?.name ?? one,
  );
  return (
    <EmptyState
      icon={RotateCcw}
      title="The session was reset"
      detail={
        <>
          <p>{resetText(answer)}</p>
          {unreachable.length > 0 && (
            <p className="mt-1 text-warn">
              {unreachable.join(", ")} did not answer: what runs there ends at its time limit.
            </p>
          )}
        </>
      }
    />
  );
}

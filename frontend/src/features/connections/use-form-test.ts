import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { announce } from "@/lib/announce";
import {
  type Connection,
  type ConnectionValues,
  toTestedChanges,
  toTestedTarget,
} from "./connection-values";
import {
  type ConnectionTest,
  keepTest,
  testConnection,
  testTarget,
  useLastTest,
} from "./test-connection";
import { stepTitle } from "./test-steps";

/** The test of what stands in the form, saved or not. */
export function useFormTest(
  connection: Connection | null,
  before: ConnectionValues,
  values: ConnectionValues,
) {
  const client = useQueryClient();
  const kept = useLastTest(connection?.id ?? "");
  const [made, setMade] = useState<{ test: ConnectionTest; of: string } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isRunning, setRunning] = useState(false);

  const of = JSON.stringify([
    connection?.version,
    toTestedTarget(values),
    connection && toTestedChanges(before, values),
  ]);
  const isAsSaved =
    connection !== null && Object.keys(toTestedChanges(before, values)).length === 0;
  const test = made?.test ?? kept;
  const isStale = made ? made.of !== of : !isAsSaved;

  const run = async (): Promise<{ test: ConnectionTest } | { error: unknown }> => {
    setRunning(true);
    setError(null);
    try {
      const result = connection
        ? await testConnection(connection.id, toTestedChanges(before, values))
        : await testTarget(toTestedTarget(values));
      setMade({ test: result, of });
      if (connection && isAsSaved) {
        keepTest(client, connection.id, result);
      }
      announce(verdict(result));
      return { test: result };
    } catch (failure) {
      setMade(null);
      setError(failure);
      return { error: failure };
    } finally {
      setRunning(false);
    }
  };
  return { test, error, isRunning, isStale: isStale && test !== null, isAsSaved, run };
}

function verdict(test: ConnectionTest): string {
  const failed = test.steps.find((step) => !step.ok);
  return failed
    ? `The test failed: ${stepTitle(failed.name)}. ${failed.message} ${failed.fix ?? ""}`
    : "The test succeeded.";
}

import { PlugZap } from "lucide-react";
import { Button } from "@/components/button";
import { ProblemView } from "@/components/problem-view";
import { Tag } from "@/components/tag";
import { Time } from "@/components/time";
import type { ConnectionTest } from "./test-connection";
import { TestSteps } from "./test-steps";

export interface TestPanelProps {
  test: ConnectionTest | null;
  error: unknown;
  isRunning: boolean;
  /** The form has been changed since. */
  isStale: boolean;
  onTest: () => void;
  disabledBecause?: string | undefined;
}

/** The test beside the form: what it found, what it will look at. */
export function TestPanel(props: TestPanelProps) {
  const { test, error, isRunning, isStale, onTest, disabledBecause } = props;
  return (
    <section
      aria-labelledby="test-heading"
      className="flex flex-col gap-4 rounded-lg border border-line bg-surface p-4 lg:sticky lg:top-18"
    >
      <header className="flex flex-wrap items-center justify-between gap-2">
        <h2 id="test-heading" className="text-base font-semibold">
          Test
        </h2>
        <Verdict {...props} />
      </header>
      <TestSteps steps={isStale ? null : (test?.steps ?? null)} isRunning={isRunning} />
      {!isRunning && error != null && <ProblemView error={error} isInline />}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Button
          icon={PlugZap}
          onClick={onTest}
          isPending={isRunning}
          disabled={disabledBecause !== undefined}
        >
          {test ? "Test again" : "Test the connection"}
        </Button>
        {disabledBecause && <p className="text-sm text-quiet">{disabledBecause}</p>}
        {!isRunning && !isStale && test && (
          <span className="text-sm text-quiet">
            <Time at={test.at} />
          </span>
        )}
      </div>
      <p className="text-sm text-quiet">
        Nothing is changed on the server. A test ends within 20 seconds.
      </p>
    </section>
  );
}

function Verdict({ test, isRunning, isStale }: TestPanelProps) {
  if (isRunning) {
    return <Tag tone="sun">Testing</Tag>;
  }
  if (isStale && test) {
    return <Tag>Changed since the test</Tag>;
  }
  if (!test || isStale) {
    return <Tag>Not tested</Tag>;
  }
  return test.ok ? <Tag tone="good">It works</Tag> : <Tag tone="bad">It does not work</Tag>;
}

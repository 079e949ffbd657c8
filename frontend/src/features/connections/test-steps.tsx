import { Check, Circle, TriangleAlert, X } from "lucide-react";
import { Flash } from "@/components/flash";
import { cn } from "@/lib/cn";
import type { TestStep } from "./test-connection";

/** The steps in the order in which they are made, and what each of them asks. */
const STEPS: readonly [string, string][] = [
  ["dns", "Find the host"],
  ["tcp", "Reach the server"],
  ["tls", "Encrypt"],
  ["login", "Log in"],
  ["version", "Know the version"],
  ["read_only", "Only read"],
  ["tables", "See tables"],
];

export function stepTitle(name: string): string {
  return STEPS.find(([one]) => one === name)?.[1] ?? name;
}

type StepState = "ok" | "warning" | "failed" | "waiting" | "skipped";

const LOOKS = {
  ok: { icon: Check, classes: "bg-good-soft text-good border-transparent", word: "ok" },
  warning: {
    icon: TriangleAlert,
    classes: "bg-warn-soft text-warn border-transparent",
    word: "warning",
  },
  failed: { icon: X, classes: "bg-bad-soft text-bad border-transparent", word: "failed" },
  waiting: { icon: Circle, classes: "bg-surface text-quiet border-line", word: "not made yet" },
  skipped: { icon: Circle, classes: "bg-surface text-quiet border-line", word: "not made" },
} as const;

export interface TestStepsProps {
  /** Null while there is no answer. */
  steps: readonly TestStep[] | null;
  isRunning: boolean;
}

/** A connection test, step by step from top to bottom; the first that failed says how to mend it. */
export function TestSteps({ steps, isRunning }: TestStepsProps) {
  const made = new Map((isRunning ? [] : (steps ?? [])).map((step) => [step.name, step]));
  const others = [...made.keys()].filter((name) => !STEPS.some(([one]) => one === name));
  const names = [...STEPS.map(([name]) => name), ...others];
  return (
    <ol className="flex flex-col" aria-label="Steps of the test" aria-busy={isRunning}>
      {names.map((name, index) => (
        <Step
          key={name}
          title={stepTitle(name)}
          step={made.get(name)}
          isLast={index === names.length - 1}
          isRunning={isRunning}
          isSkipped={!isRunning && steps !== null && steps.length > 0}
        />
      ))}
    </ol>
  );
}

function Step(props: {
  title: string;
  step: TestStep | undefined;
  isLast: boolean;
  isRunning: boolean;
  isSkipped: boolean;
}) {
  const { title, step, isLast, isRunning, isSkipped } = props;
  const state = stateOf(step, isSkipped);
  const { icon: Icon, classes, word } = LOOKS[state];
  return (
    <li className="relative flex gap-3 pb-3.5 last:pb-0">
      {!isLast && <span aria-hidden className="absolute top-6 bottom-0 left-[11px] w-px bg-line" />}
      <span
        aria-hidden
        className={cn("grid size-6 shrink-0 place-items-center rounded-full border", classes)}
      >
        <Icon size={state === "waiting" || state === "skipped" ? 8 : 13} strokeWidth={2.5} />
      </span>
      <div className="min-w-0 flex-1 pt-0.5">
        <p className={cn("flex items-center gap-2", step ? "font-medium" : "text-quiet")}>
          {title}
          {isRunning && !step ? <Flash /> : <span className="sr-only">: {word}</span>}
        </p>
        {step && <p className="text-sm wrap-anywhere text-quiet">{step.message}</p>}
        {step?.fix && (
          <p
            className={cn(
              "mt-1.5 rounded-md px-2.5 py-1.5 text-sm wrap-anywhere",
              state === "failed" ? "bg-bad-soft" : "bg-warn-soft",
            )}
          >
            {step.fix}
          </p>
        )}
      </div>
    </li>
  );
}

function stateOf(step: TestStep | undefined, isSkipped: boolean): StepState {
  if (!step) {
    return isSkipped ? "skipped" : "waiting";
  }
  if (!step.ok) {
    return "failed";
  }
  return step.is_warning ? "warning" : "ok";
}

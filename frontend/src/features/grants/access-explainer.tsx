import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { CircleHelp, CircleMinus, CirclePlus } from "lucide-react";
import { useState } from "react";
import { personQuery } from "@/api/directory";
import type { components } from "@/api/schema";
import { Field } from "@/components/field";
import { Flash } from "@/components/flash";
import { PersonPicker } from "@/components/person-picker";
import { ProblemView } from "@/components/problem-view";
import { Tag } from "@/components/tag";
import { explanationQuery } from "./explain-grants";

type Explanation = components["schemas"]["ExplanationAnswer"];
type ReasonKind = components["schemas"]["ReasonKind"];

const GIVES: readonly ReasonKind[] = ["admin", "grant"];

/** "Why can this person see this?": who is asked about stands in the URL as `person`. */
export function AccessExplainer({
  objectType,
  objectId,
}: {
  objectType: string;
  objectId: string;
}) {
  const { person } = useSearch({ strict: false }) as { person?: string | undefined };
  const navigate = useNavigate();
  const known = useQuery({ ...personQuery(person ?? ""), enabled: person !== undefined });
  const [turn, setTurn] = useState(0);
  const chosen =
    person && known.data ? { id: person, label: known.data.name, detail: known.data.email } : null;
  return (
    <section
      aria-labelledby="explain-heading"
      className="flex flex-col gap-3 rounded-lg border border-line bg-surface p-4"
    >
      <header className="flex items-center gap-2">
        <CircleHelp aria-hidden size={17} className="text-quiet" />
        <h2 id="explain-heading" className="text-base font-semibold">
          Why can somebody see this?
        </h2>
      </header>
      <Field label="Person">
        {(control) => (
          <PersonPicker
            // Filled once the name behind the id of the URL is known.
            key={`${turn}-${chosen?.id ?? ""}`}
            {...control}
            value={chosen}
            placeholder="Name or email"
            onChange={(item) => {
              setTurn((now) => now + (item ? 0 : 1));
              void navigate({
                to: ".",
                search: ((now: Record<string, unknown>) => ({ ...now, person: item?.id })) as never,
                replace: true,
              });
            }}
          />
        )}
      </Field>
      {person && <Explained objectType={objectType} objectId={objectId} userId={person} />}
    </section>
  );
}

function Explained(props: { objectType: string; objectId: string; userId: string }) {
  const { data, error } = useQuery(
    explanationQuery(props.objectType, props.objectId, props.userId),
  );
  if (error) {
    return <ProblemView error={error} isInline />;
  }
  return data ? <Answer explanation={data} /> : <Flash />;
}

function Answer({
  explanation: { user_name: name, level, reasons },
}: {
  explanation: Explanation;
}) {
  return (
    <div role="status" className="flex flex-col gap-2.5">
      <p className="flex flex-wrap items-center gap-2">
        <span className="font-medium">{name}</span>
        {level === "edit" && <Tag tone="good">can use, edit and share it</Tag>}
        {level === "view" && <Tag tone="good">can use it</Tag>}
        {level === null && <Tag tone="bad">does not see it</Tag>}
      </p>
      <ul className="flex flex-col gap-1.5">
        {reasons.map((reason) => {
          const isGiving = GIVES.includes(reason.kind);
          const Icon = isGiving ? CirclePlus : CircleMinus;
          return (
            <li key={`${reason.kind}-${reason.message}`} className="flex gap-2">
              <Icon
                aria-hidden
                size={16}
                className={isGiving ? "mt-0.5 shrink-0 text-good" : "mt-0.5 shrink-0 text-quiet"}
              />
              <span className="min-w-0">{reason.message}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

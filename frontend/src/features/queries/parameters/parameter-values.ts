import type { ParameterDraft } from "../drafts/draft-store";
import type { ParameterValue, RunError } from "../run/run";
import type { Template } from "../sql/placeholders";

const MOST_POSITIONS = 100;

/** One input: `{{name}}`, or `$n` with its number as the name. */
export interface Parameter {
  name: string;
  /** What the person wrote: `{{name}}` is shown as its name, `$1` as itself. */
  label: string;
  /** Left out, it takes its `[[ ... ]]` along; a required one is asked for by the server. */
  isOptional: boolean;
}

/** The inputs that the SQL wants, in the order in which they appear. */
export function parametersOf(template: Template): Parameter[] {
  const named = template.names.map((name) => ({
    name,
    label: name,
    isOptional: !template.required.has(name),
  }));
  // Other statements of the same text may count theirs.
  const highest = Math.min(Math.max(0, ...template.positions), MOST_POSITIONS);
  const counted = Array.from({ length: highest }, (_, index) => `$${index + 1}`);
  return [...named, ...counted.map((name) => ({ name, label: name, isOptional: false }))];
}

/** Whether the input holds a value; an empty text is none, NULL is one. */
export function isGiven(draft: ParameterDraft | undefined): boolean {
  return draft !== undefined && (draft.isNull === true || draft.text !== "");
}

/** The value to send: a text, NULL, or a list with one value for each line. */
export function givenValue(draft: ParameterDraft): ParameterValue {
  if (draft.isNull) {
    return null;
  }
  return draft.isList ? draft.text.split("\n").filter((line) => line !== "") : draft.text;
}

/** What the request holds: an object for names, a list for `$n`, nothing where there are none. */
export function paramsOf(
  template: Template,
  drafts: Record<string, ParameterDraft>,
): Record<string, ParameterValue> | ParameterValue[] | undefined {
  const parameters = parametersOf(template);
  if (parameters.length === 0) {
    return undefined;
  }
  if (template.names.length === 0) {
    const given = parameters.map(({ name }) => drafts[name]);
    const count = given.findLastIndex(isGiven) + 1;
    return given.slice(0, count).map((draft) => (draft ? givenValue(draft) : ""));
  }
  return Object.fromEntries(
    parameters.flatMap(({ name }) => {
      const draft = drafts[name];
      return draft && isGiven(draft) ? [[name, givenValue(draft)]] : [];
    }),
  );
}

/** Fill the inputs with the values of an earlier run; hashes of values are none. */
export function draftsOf(params: unknown): Record<string, ParameterDraft> {
  const entries = Array.isArray(params)
    ? params.map((value, index) => [`$${index + 1}`, value] as const)
    : Object.entries((params as Record<string, unknown> | null) ?? {});
  return Object.fromEntries(
    entries.filter(([, value]) => !isHash(value)).map(([name, value]) => [name, draftOf(value)]),
  );
}

function draftOf(value: unknown): ParameterDraft {
  if (value === null) {
    return { text: "", isNull: true };
  }
  return Array.isArray(value)
    ? { text: value.map(String).join("\n"), isList: true }
    : { text: String(value) };
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && /^sha256:[0-9a-f]{32}$/.test(value);
}

/** Which input an error is about, by the names that its message holds. */
export function messageFor(error: RunError | null, name: string): string | undefined {
  if (!error) {
    return undefined;
  }
  const found = {
    parameter_missing: /^No value was given for (.+)\.$/,
    parameter_invalid: /\bparameter (\S+?)(?= (?:is|takes|holds)\b)/i,
  }[error.code]?.exec(error.message);
  const names = found?.[1]?.split(", ") ?? [];
  if (!names.includes(name)) {
    return undefined;
  }
  return error.code === "parameter_missing"
    ? "Give it a value, or choose NULL."
    : [error.message, error.hint].filter(Boolean).join(" ");
}

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { pickedCompletion } from "@codemirror/autocomplete";
import { EditorSelection } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { matchRanges } from "../schema/match-score";
import { type CompletionSchema, type Suggestion, suggestionsAt } from "./completions";

/** What CodeMirror asks at every key; the order is ours, so it must not sort or filter again. */
export function completionSource(schema: () => CompletionSchema | null) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const sql = context.state.doc.toString();
    const found = await suggestionsAt(sql, context.pos, context.explicit, schema());
    if (!found || found.items.length === 0 || context.aborted) {
      return null;
    }
    const [first] = found.items;
    const isWhole = first?.kind === "keyword" || found.items.length === 1;
    if (isWhole && first?.label === found.typed && !context.explicit) {
      return null; // It stands there already.
    }
    return {
      from: found.from,
      options: found.items.map(optionOf),
      filter: false,
      getMatch: (option) => matchRanges(option.label, found.typed),
    };
  };
}

function optionOf({ label, insert, kind, detail, info }: Suggestion): Completion {
  return {
    label,
    type: kind,
    ...(detail ? { detail } : {}),
    ...(info ? { info } : {}),
    apply: (view, completion, from, to) => apply(view, completion, insert, from, to),
  };
}

function apply(view: EditorView, completion: Completion, text: string, from: number, to: number) {
  // The bracket that closes a call may stand there: CodeMirror has typed it.
  const isCall = text.endsWith("(");
  const hasBracket = view.state.sliceDoc(to, to + 1) === "(";
  const insert = isCall ? (hasBracket ? text.slice(0, -1) : `${text})`) : text;
  const cursor = from + (isCall ? text.length : insert.length);
  view.dispatch({
    changes: { from, to, insert },
    selection: EditorSelection.cursor(cursor),
    annotations: pickedCompletion.of(completion),
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}

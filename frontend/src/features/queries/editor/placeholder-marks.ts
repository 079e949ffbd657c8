import type { Range } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, ViewPlugin } from "@codemirror/view";
import { parseTemplate } from "../sql/placeholders";

const parameter = Decoration.mark({ class: "cm-parameter" });
const edge = Decoration.mark({ class: "cm-clause" });
/** Longer texts are not marked at every key. */
const MOST_MARKED = 200_000;

/** Mark `{{name}}` and the edges of optional clauses where the server sees them. */
export const placeholderMarks = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = marksOf(view.state.doc.toString());
    }

    update(update: { docChanged: boolean; view: EditorView }): void {
      if (update.docChanged) {
        this.decorations = marksOf(update.view.state.doc.toString());
      }
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function marksOf(sql: string): DecorationSet {
  if (sql.length > MOST_MARKED) {
    return Decoration.none;
  }
  const { tokens, clauses } = parseTemplate(sql);
  const marks: Range<Decoration>[] = tokens
    .filter((token) => token.kind === "placeholder" && token.name !== undefined)
    .map((token) => parameter.range(token.start, token.end));
  for (const { start, end } of clauses) {
    marks.push(edge.range(start, start + 2), edge.range(end - 2, end));
  }
  return Decoration.set(marks, true);
}

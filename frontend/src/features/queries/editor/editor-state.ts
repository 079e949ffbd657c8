import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { PostgreSQL, SQLDialect, sql } from "@codemirror/lang-sql";
import { bracketMatching, indentUnit } from "@codemirror/language";
import { lintGutter } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
  rectangularSelection,
} from "@codemirror/view";
import { completionSource } from "./completion-source";
import type { CompletionSchema } from "./completions";
import { editorTheme } from "./editor-theme";
import { placeholderMarks } from "./placeholder-marks";
import { MORE_KEYWORDS, PHRASES } from "./sql-words";

/** What the page does when something happens in the editor; replaced at every drawing. */
export interface EditorHooks {
  onChange: (sql: string) => void;
  onRun: () => void;
  onRunFresh: () => void;
  onFormat: () => void;
  schema: CompletionSchema | null;
}

// The list that comes with the dialect has every keyword, "id", "name" and "value" among them.
const dialect = SQLDialect.define({
  ...PostgreSQL.spec,
  keywords: [...new Set([...PHRASES.flatMap((one) => one.split(" ")), ...MORE_KEYWORDS])].join(" "),
});

const ACCESSIBLE_NAME = "SQL. Escape, then Tab leaves the editor.";

/** A text with its history and selection. `hooks` is read whenever something happens. */
export function makeEditorState(text: string, hooks: { current: EditorHooks }): EditorState {
  return EditorState.create({
    doc: text,
    extensions: [
      keys(hooks),
      basics(),
      language(hooks),
      editorTheme,
      placeholderMarks,
      listen(hooks),
    ],
  });
}

function keys(hooks: { current: EditorHooks }): Extension {
  const does = (act: (hooks: EditorHooks) => void) => () => {
    act(hooks.current);
    return true;
  };
  return [
    Prec.highest(
      keymap.of([
        { key: "Mod-Enter", run: does((one) => one.onRun()) },
        { key: "Shift-Mod-Enter", run: does((one) => one.onRunFresh()) },
        { key: "Shift-Alt-f", run: does((one) => one.onFormat()) },
      ]),
    ),
    keymap.of([
      { key: "Tab", run: acceptCompletion },
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...completionKeymap,
      indentWithTab,
    ]),
  ];
}

function basics(): Extension {
  return [
    lineNumbers(),
    lintGutter(),
    highlightActiveLineGutter(),
    highlightActiveLine(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    EditorState.allowMultipleSelections.of(true),
    rectangularSelection(),
    crosshairCursor(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    search({ top: true }),
    indentUnit.of("  "),
    EditorView.lineWrapping,
    placeholder("select … from …"),
    EditorView.contentAttributes.of({
      "aria-label": ACCESSIBLE_NAME,
      spellcheck: "false",
      autocapitalize: "off",
      autocorrect: "off",
    }),
  ];
}

function language(hooks: { current: EditorHooks }): Extension {
  return [
    sql({ dialect }).language,
    autocompletion({
      override: [completionSource(() => hooks.current.schema)],
      activateOnTypingDelay: 40,
      maxRenderedOptions: 80,
    }),
  ];
}

function listen(hooks: { current: EditorHooks }): Extension {
  return EditorView.updateListener.of((update) => {
    if (update.docChanged) {
      hooks.current.onChange(update.state.doc.toString());
    }
  });
}

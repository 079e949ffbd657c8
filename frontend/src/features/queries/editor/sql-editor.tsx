import { type Diagnostic, setDiagnostics } from "@codemirror/lint";
import type { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { cn } from "@/lib/cn";
import type { CompletionSchema } from "./completions";
import { type EditorHooks, makeEditorState } from "./editor-state";

/** What the page may do with the text. */
export interface EditorHandle {
  focus: () => void;
  selection: () => { from: number; to: number };
  /** Write at the cursor, as typed. */
  insert: (text: string) => void;
  /** Replace everything by one step that undo takes back. */
  replaceAll: (text: string) => void;
  goTo: (offset: number) => void;
}

export interface ErrorMark {
  from: number;
  to: number;
  message: string;
}

export interface SqlEditorProps {
  /** Texts with the same id keep their history of changes while the page lasts. */
  id: string;
  text: string;
  onChange: (text: string) => void;
  onRun: () => void;
  onRunFresh: () => void;
  onFormat: () => void;
  schema: CompletionSchema | null;
  mark: ErrorMark | null;
  handle: Ref<EditorHandle>;
  /** Takes the focus as it comes: the tab was opened by a key. */
  takesFocus: boolean;
  className?: string;
}

const kept = new Map<string, { state: EditorState; hooks: { current: EditorHooks } }>();

/** Forget the undo history of all texts. */
export function forgetEditors(): void {
  kept.clear();
}

/** The editor of one text; give it the text's id as its `key`. */
export function SqlEditor(props: SqlEditorProps) {
  const { id, text, mark, handle, className } = props;
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const initial = useRef(props);
  useEffect(() => {
    const before = kept.get(id);
    const hooks = before?.hooks ?? { current: initial.current };
    hooks.current = initial.current;
    const isSame = before?.state.doc.toString() === initial.current.text;
    const state = before && isSame ? before.state : makeEditorState(initial.current.text, hooks);
    const made = new EditorView({ state, parent: parent.current as HTMLDivElement });
    view.current = made;
    kept.set(id, { state, hooks });
    if (initial.current.takesFocus) {
      made.focus();
    }
    return () => {
      kept.set(id, { state: made.state, hooks });
      made.destroy();
      view.current = null;
    };
  }, [id]);
  useEffect(() => {
    const known = kept.get(id);
    if (known) {
      known.hooks.current = props;
    }
  });
  useEffect(() => {
    const now = view.current;
    if (now && now.state.doc.toString() !== text) {
      // Another window has written it, or it was opened anew.
      now.dispatch({ changes: { from: 0, to: now.state.doc.length, insert: text } });
    }
  }, [text]);
  useEffect(() => {
    const now = view.current;
    if (now) {
      now.dispatch(setDiagnostics(now.state, diagnosticsOf(mark, now.state.doc.length)));
    }
  }, [mark]);
  useImperativeHandle(handle, () => handleOf(() => view.current), []);
  return <div ref={parent} className={cn("h-full min-h-0 overflow-hidden", className)} />;
}

function diagnosticsOf(mark: ErrorMark | null, length: number): Diagnostic[] {
  if (!mark || mark.from > length) {
    return [];
  }
  const to = Math.min(mark.to, length);
  return [{ from: Math.min(mark.from, to), to, severity: "error", message: mark.message }];
}

function handleOf(view: () => EditorView | null): EditorHandle {
  return {
    focus: () => view()?.focus(),
    selection: () => {
      const { from = 0, to = 0 } = view()?.state.selection.main ?? {};
      return { from, to };
    },
    insert: (text) => {
      const now = view();
      now?.dispatch(now.state.replaceSelection(text), { scrollIntoView: true, userEvent: "input" });
      now?.focus();
    },
    replaceAll: (text) => {
      const now = view();
      now?.dispatch({
        changes: { from: 0, to: now.state.doc.length, insert: text },
        selection: { anchor: Math.min(now.state.selection.main.head, text.length) },
        userEvent: "input.format",
      });
    },
    goTo: (offset) => {
      const now = view();
      now?.dispatch({
        selection: { anchor: Math.min(offset, now.state.doc.length) },
        scrollIntoView: true,
      });
      now?.focus();
    },
  };
}

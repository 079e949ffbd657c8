import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Unreachable } from "@/api/problem";
import { Dialog } from "@/components/dialog";
import { lazyPart } from "@/components/lazy-part";
import { Skeleton } from "@/components/skeleton";
import { notify } from "@/components/toast";
import { draftTitle, type ParameterDraft } from "../drafts/draft-store";
import { DraftTabs } from "../drafts/draft-tabs";
import type { EditorHandle } from "../editor/sql-editor";
import type { ConnectionChoice } from "../list-connections";
import { ParameterInputs } from "../parameters/parameter-inputs";
import { parametersOf } from "../parameters/parameter-values";
import { openedSchemas, SchemaPanel } from "../schema/schema-panel";
import { schemaId } from "../schema/tree-rows";
import { useSchema } from "../schema/use-schema";
import { parseTemplate } from "../sql/placeholders";
import { useEditorCommands } from "./editor-commands";
import { EditorToolbar } from "./editor-toolbar";
import { useLayoutState } from "./layout-state";
import { ResetDone } from "./reset-done";
import { ResultArea } from "./result-area";
import { Splitter } from "./splitter";
import { useReset } from "./use-reset";
import { errorOf, freshQuestion, markOf, runDraft, useRunSnapshot } from "./use-run";
import type { Workspace } from "./workspace";

const SqlEditor = lazyPart(async () => (await import("../editor/sql-editor")).SqlEditor);

export interface WorkbenchProps {
  workspace: Workspace;
  connections: readonly ConnectionChoice[];
}

/** Tables, tabs, editor, parameters, result: the whole screen. */
export function Workbench({ workspace, connections }: WorkbenchProps) {
  const { drafts, activeId } = workspace.drafts.state;
  const draft = workspace.drafts.active;
  const connectionId =
    connections.find(({ id }) => id === draft.connectionId)?.id ?? connections[0]?.id ?? null;
  const machine = workspace.machine(draft.id);
  const snapshot = useRunSnapshot(machine);
  const [layout, setLayout] = useLayoutState();
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const tree = useTree(connectionId);
  const editor = useRef<EditorHandle>(null);
  const takesFocus = useRef(false);
  useEffect(() => {
    takesFocus.current = false;
  });
  const reset = useReset(workspace);
  const error = errorOf(snapshot);
  const sent = workspace.sent.get(draft.id);
  const mark = useMemo(() => markOf(error, sent, draft.sql), [error, sent, draft.sql]);
  const parameters = useMemo(() => parametersOf(parseTemplate(draft.sql)), [draft.sql]);

  const change = (part: Parameters<typeof workspace.drafts.update>[1]) => {
    workspace.drafts.update(draft.id, part);
    workspace.saveSoon();
  };
  const run = (isFresh = false) => {
    const selection = editor.current?.selection() ?? { from: 0, to: 0 };
    reset.dismiss();
    if (
      connectionId &&
      !runDraft(workspace, workspace.drafts.active, connectionId, selection, { isFresh })
    ) {
      notify.info("There is nothing to run: write a query first.");
    }
  };
  /** A statement that failed is run as it stands now: its text or values may have been mended. */
  const retry = () => {
    if (!error || !connectionId) {
      void machine.retry();
    } else if (sent?.text === draft.sql) {
      const { offset: from, text } = sent.piece;
      runDraft(workspace, draft, connectionId, { from, to: from + text.length });
    } else {
      run();
    }
  };
  const format = async () => {
    const formatter = await import("../editor/format-sql").catch((cause: unknown) => {
      notify.failed(new Unreachable(cause));
      return null;
    });
    try {
      const text = await formatter?.formatSql(draft.sql);
      if (text !== undefined) {
        editor.current?.replaceAll(text);
      }
    } catch {
      notify.info("The formatter cannot read this SQL; it was left as it is.");
    }
  };
  const close = (id: string) => {
    const closed = workspace.close(id);
    if (closed?.sql.trim()) {
      const undo = () => workspace.drafts.restore(closed);
      notify.done(`Closed “${draftTitle(closed)}”`, { undo });
    }
  };
  const insert = (text: string) => {
    setDrawerOpen(false);
    editor.current?.insert(text);
  };
  const actions = {
    run: () => run(),
    runFresh: () => run(true),
    cancel: () => void machine.cancel(),
    format: () => void format(),
    newTab: () => {
      takesFocus.current = true;
      workspace.drafts.open({ connectionId });
    },
    closeTab: () => {
      takesFocus.current = true;
      close(draft.id);
    },
    nextTab: (by: -1 | 1) => {
      takesFocus.current = true;
      const index = drafts.findIndex(({ id }) => id === activeId);
      workspace.activate(drafts.at((index + by) % drafts.length)?.id ?? activeId);
    },
    toggleTree: () => setLayout({ isTreeOpen: !layout.isTreeOpen }),
    refreshSchema: tree.schema.refresh,
    reset: () => void reset.ask(),
    focusEditor: () => editor.current?.focus(),
  };
  useEditorCommands(actions);
  const runFreshAgain = () => {
    const question = freshQuestion(snapshot);
    void (question ? machine.ask(question) : machine.retry());
  };

  return (
    <div className="flex min-h-0 flex-1">
      {layout.isTreeOpen && (
        <>
          <aside
            aria-label="Tables"
            style={{ width: layout.treeWidth }}
            className="min-w-0 shrink-0 bg-sunken max-md:hidden"
          >
            <SchemaPanel {...tree} connectionId={connectionId} onInsert={insert} />
          </aside>
          <Splitter
            label="Width of the tables"
            direction="row"
            size={layout.treeWidth}
            least={180}
            most={520}
            onSize={(treeWidth) => setLayout({ treeWidth })}
            className="max-md:hidden"
          />
        </>
      )}
      <div className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface">
        <DraftTabs
          drafts={drafts}
          activeId={draft.id}
          markOf={(id) => workspace.mark(id)}
          onActivate={(id) => workspace.activate(id)}
          onNew={actions.newTab}
          onClose={close}
          onRename={(id, name) => {
            workspace.drafts.update(id, { name });
            workspace.saveSoon();
          }}
          onMove={(id, by) => workspace.drafts.move(id, by)}
          onDuplicate={(id) => {
            const { name, sql, parameters: values } = workspace.drafts.get(id) ?? draft;
            workspace.drafts.open({
              name: name && `${name} (copy)`,
              sql,
              connectionId,
              parameters: values,
            });
          }}
        />
        <EditorToolbar
          connections={connections}
          connectionId={connectionId}
          onConnection={(id) => change({ connectionId: id })}
          isTreeOpen={layout.isTreeOpen}
          onToggleTree={actions.toggleTree}
          onOpenTables={() => setDrawerOpen(true)}
          onRun={actions.run}
          onFormat={actions.format}
          onReset={actions.reset}
          isResetting={reset.isPending}
        />
        <div
          style={{ height: layout.editorHeight }}
          className="max-h-[calc(100dvh-20rem)] min-h-24 shrink-0"
        >
          <Suspense fallback={<Skeleton className="m-3 h-4 w-48" />}>
            <SqlEditor
              key={draft.id}
              id={draft.id}
              text={draft.sql}
              onChange={(sql) => change({ sql })}
              onRun={actions.run}
              onRunFresh={actions.runFresh}
              onFormat={actions.format}
              schema={tree.schema.completion}
              mark={mark}
              handle={editor}
              takesFocus={takesFocus.current}
            />
          </Suspense>
        </div>
        {parameters.length > 0 && (
          <ParameterInputs
            parameters={parameters}
            values={draft.parameters}
            onChange={(name: string, value: ParameterDraft) =>
              change({ parameters: { ...draft.parameters, [name]: value } })
            }
            onRun={actions.run}
            error={error}
          />
        )}
        <Splitter
          label="Height of the editor"
          direction="column"
          size={layout.editorHeight}
          least={96}
          most={720}
          onSize={(editorHeight) => setLayout({ editorHeight })}
        />
        <section
          aria-label="Result"
          // The grid takes the focus itself; what else stands here scrolls as a whole.
          tabIndex={snapshot.run?.state === "succeeded" ? undefined : 0}
          onKeyDown={(event) => {
            if (event.key === "Escape" && machine.isBusy) {
              event.preventDefault();
              actions.cancel();
            }
          }}
          className="flex min-h-0 flex-1 flex-col overflow-auto focus-visible:outline-offset-[-2px]"
        >
          {reset.done && snapshot.phase === "idle" ? (
            <ResetDone answer={reset.done} connections={connections} />
          ) : (
            <ResultArea
              snapshot={snapshot}
              onCancel={actions.cancel}
              onAbandon={() => machine.abandon()}
              onRetry={retry}
              onRunFresh={runFreshAgain}
              onView={(viewed) => void machine.adopt(viewed)}
              onShowError={mark && (() => editor.current?.goTo(mark.from))}
            />
          )}
        </section>
      </div>
      <Dialog isOpen={isDrawerOpen} onClose={() => setDrawerOpen(false)} title="Tables" size="lg">
        <div className="h-[60dvh]">
          <SchemaPanel {...tree} connectionId={connectionId} onInsert={insert} />
        </div>
      </Dialog>
    </div>
  );
}

/** The schema, and what of its tree is open: at first the schema that most use. */
function useTree(connectionId: string | null) {
  const [chosen, setChosen] = useState<{ of: string | null; opened: ReadonlySet<string> } | null>(
    null,
  );
  const own = chosen?.of === connectionId ? chosen.opened : null;
  const schema = useSchema(connectionId, own ? openedSchemas(own) : []);
  const names = schema.answer?.schemas.map(({ name }) => name) ?? [];
  const first = names.includes("public") ? "public" : names[0];
  const opened = useMemo(() => own ?? new Set(first ? [schemaId(first)] : []), [own, first]);
  const onOpened = useCallback(
    (next: ReadonlySet<string>) => setChosen({ of: connectionId, opened: next }),
    [connectionId],
  );
  return { schema, opened, onOpened };
}

import {
  AlignLeft,
  CircleStop,
  PanelLeft,
  Play,
  Plus,
  RefreshCw,
  RotateCcw,
  X,
} from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { type Command, useCommands } from "@/lib/commands";
import { type Shortcut, useShortcuts } from "@/lib/shortcuts";

export interface EditorActions {
  run: () => void;
  runFresh: () => void;
  cancel: () => void;
  format: () => void;
  newTab: () => void;
  closeTab: () => void;
  nextTab: (by: -1 | 1) => void;
  toggleTree: () => void;
  refreshSchema: () => void;
  reset: () => void;
  focusEditor: () => void;
}

/** Offer all of it in the palette and by keys; `actions` may be new at every drawing. */
export function useEditorCommands(actions: EditorActions): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  const now = useMemo(() => () => latest.current, []);
  useCommands(useMemo(() => commandsOf(now), [now]));
  useShortcuts(useMemo(() => shortcutsOf(now), [now]));
}

function commandsOf(now: () => EditorActions): Command[] {
  const group = "SQL editor";
  return [
    {
      id: "queries.run",
      title: "Run",
      group,
      icon: Play,
      keys: "Mod+Enter",
      run: () => now().run(),
    },
    {
      id: "queries.run-fresh",
      title: "Run anew, not from the cache",
      group,
      icon: Play,
      keys: "Mod+Shift+Enter",
      run: () => now().runFresh(),
    },
    {
      id: "queries.cancel",
      title: "Cancel the run",
      group,
      icon: CircleStop,
      keys: "Mod+.",
      run: () => now().cancel(),
    },
    {
      id: "queries.format",
      title: "Format the SQL",
      group,
      icon: AlignLeft,
      keys: "Shift+Alt+F",
      run: () => now().format(),
    },
    {
      id: "queries.new-tab",
      title: "New query",
      group,
      icon: Plus,
      keys: "Mod+Alt+N",
      run: () => now().newTab(),
    },
    {
      id: "queries.close-tab",
      title: "Close this query",
      group,
      icon: X,
      keys: "Mod+Alt+W",
      run: () => now().closeTab(),
    },
    {
      id: "queries.tree",
      title: "Show or hide the tables",
      group,
      icon: PanelLeft,
      keys: "Mod+Alt+B",
      run: () => now().toggleTree(),
    },
    {
      id: "queries.refresh-schema",
      title: "Read the schema again",
      group,
      icon: RefreshCw,
      run: () => now().refreshSchema(),
    },
    {
      id: "queries.reset",
      title: "Reset the session",
      group,
      icon: RotateCcw,
      keywords: ["cancel all", "clear", "close connections"],
      run: () => now().reset(),
    },
  ];
}

function shortcutsOf(now: () => EditorActions): Shortcut[] {
  const group = "SQL editor";
  const nothing = () => undefined;
  return [
    {
      keys: "Mod+Enter",
      title: "Run the selection, or the statement at the cursor",
      group,
      run: () => now().run(),
    },
    {
      keys: "Mod+Shift+Enter",
      title: "Run anew, not from the cache",
      group,
      run: () => now().runFresh(),
    },
    { keys: "Mod+.", title: "Cancel the run", group, run: () => now().cancel() },
    { keys: "Mod+Alt+N", title: "New query", group, run: () => now().newTab() },
    { keys: "Mod+Alt+W", title: "Close this query", group, run: () => now().closeTab() },
    { keys: "Mod+Alt+ArrowRight", title: "Next query", group, run: () => now().nextTab(1) },
    { keys: "Mod+Alt+ArrowLeft", title: "Previous query", group, run: () => now().nextTab(-1) },
    { keys: "Mod+Alt+B", title: "Show or hide the tables", group, run: () => now().toggleTree() },
    // The editor itself has these: here they are told.
    { keys: "Shift+Alt+F", title: "Format, in the editor", group, run: nothing },
    { keys: "Mod+/", title: "Comment or uncomment, in the editor", group, run: nothing },
    { keys: "Mod+F", title: "Search, in the editor", group, run: nothing, inFields: false },
    { keys: "Escape Tab", title: "Leave the editor", group, run: nothing },
  ];
}

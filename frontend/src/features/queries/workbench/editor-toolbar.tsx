import { Link } from "@tanstack/react-router";
import { AlignLeft, History, PanelLeft, Play, RotateCcw, Table2 } from "lucide-react";
import { Button, buttonClasses, IconButton } from "@/components/button";
import { Select } from "@/components/select";
import { keyLabels } from "@/lib/shortcuts";
import type { ConnectionChoice } from "../list-connections";

export interface EditorToolbarProps {
  connections: readonly ConnectionChoice[];
  connectionId: string | null;
  onConnection: (id: string) => void;
  isTreeOpen: boolean;
  onToggleTree: () => void;
  onOpenTables: () => void;
  onRun: () => void;
  onFormat: () => void;
  onReset: () => void;
  isResetting: boolean;
}

/** Above the editor: what is asked, and what may be done. */
export function EditorToolbar(props: EditorToolbarProps) {
  const { connections, connectionId, onConnection } = props;
  return (
    <div className="flex flex-wrap items-center gap-1.5 border-b border-line bg-canvas px-2 py-1.5">
      <IconButton
        icon={PanelLeft}
        size="sm"
        label={props.isTreeOpen ? "Hide the tables" : "Show the tables"}
        aria-expanded={props.isTreeOpen}
        onClick={props.onToggleTree}
        className="max-md:hidden"
      />
      <Button
        size="sm"
        variant="quiet"
        icon={Table2}
        onClick={props.onOpenTables}
        className="md:hidden"
      >
        Tables
      </Button>
      <Select
        aria-label="Connection"
        value={connectionId ?? ""}
        onChange={onConnection}
        options={
          connections.length > 0
            ? connections.map(({ id, name }) => ({ value: id, label: name }))
            : [{ value: "", label: "No connection" }]
        }
        className="w-32 sm:w-44 [&_select]:h-7 [&_select]:text-sm"
      />
      <Button
        size="sm"
        variant="primary"
        icon={Play}
        onClick={props.onRun}
        title={`Run (${keyLabels("Mod+Enter").join("+")})`}
        disabled={connectionId === null}
      >
        Run
      </Button>
      <Button size="sm" variant="quiet" icon={AlignLeft} onClick={props.onFormat}>
        Format
      </Button>
      <div className="flex items-center gap-1 sm:ml-auto">
        <Link to="/queries" className={buttonClasses("quiet", "sm")}>
          <History aria-hidden size={14} /> History
        </Link>
        <Button
          size="sm"
          variant="quiet"
          icon={RotateCcw}
          onClick={props.onReset}
          isPending={props.isResetting}
        >
          Reset session
        </Button>
      </div>
    </div>
  );
}

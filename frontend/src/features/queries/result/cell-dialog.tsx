import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { CopyButton } from "@/components/copy";
import { Dialog } from "@/components/dialog";
import { cellText } from "@/components/grid/cell-text";
import type { GridColumn, RowSource } from "@/components/grid/types";
import { ProblemView } from "@/components/problem-view";
import { Switch } from "@/components/switch";
import { cellQuery } from "./get-cell";

export interface CellDialogProps {
  queryId: string;
  source: RowSource;
  column: GridColumn;
  row: number;
  index: number;
  onClose: () => void;
}

/** One cell, whole: long texts with their lines, JSON laid out. */
export function CellDialog({ queryId, source, column, row, index, onClose }: CellDialogProps) {
  const [isLaidOut, setLaidOut] = useState(true);
  const cut = source.cutBytes(row, index);
  const whole = useQuery({
    ...cellQuery(queryId, row, index, cut ?? 0),
    enabled: cut !== undefined,
  });
  const beginning = cellText(source.row(row)?.[index], column);
  const text = whole.data?.text ?? beginning;
  const isCut = cut !== undefined && whole.data?.text == null;
  const laidOut = text !== null && column.kind === "json" ? layOut(text) : null;
  const shown = isLaidOut && laidOut !== null ? laidOut : text;
  return (
    <Dialog
      isOpen
      onClose={onClose}
      size="lg"
      title={column.name || "?column?"}
      description={`${column.type}, row ${(row + 1).toLocaleString("en")}${sizeText(text)}`}
      footer={
        text !== null && (
          <CopyButton
            text={text}
            label={isCut ? "Copy the beginning" : "Copy the value"}
            size="md"
          />
        )
      }
    >
      {laidOut !== null && (
        <Switch label="Lay the JSON out" checked={isLaidOut} onChange={setLaidOut} />
      )}
      {isCut && (
        <p className="text-sm text-quiet">
          The beginning of {cut.toLocaleString("en")} bytes.{" "}
          {whole.data?.url && (
            <a href={whole.data.url} download className="link">
              Download the whole value
            </a>
          )}
          {whole.isFetching && "The whole value is being fetched…"}
        </p>
      )}
      {whole.error && (
        <ProblemView error={whole.error} onRetry={() => void whole.refetch()} isInline />
      )}
      {shown === null ? (
        <p className="text-quiet italic">NULL: no value</p>
      ) : shown === "" ? (
        <p className="text-quiet">The empty text</p>
      ) : (
        <section
          aria-label="Value"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
          tabIndex={0}
          className="max-h-[60dvh] overflow-auto rounded-md border border-line bg-sunken p-3"
        >
          <pre className="font-mono text-sm break-words whitespace-pre-wrap">{shown}</pre>
        </section>
      )}
    </Dialog>
  );
}

function sizeText(text: string | null): string {
  return text !== null && text.length > 80
    ? `, ${text.length.toLocaleString("en")} characters`
    : "";
}

/** JSON with line breaks; its numbers keep every digit, because it is never parsed. */
export function layOut(json: string): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let text = "";
  let depth = 0;
  const newLine = () => `\n${"  ".repeat(depth)}`;
  for (const [at, token] of tokens.entries()) {
    const next = tokens[at + 1];
    if (token === "{" || token === "[") {
      const isClosed = next === "}" || next === "]";
      depth += isClosed ? 0 : 1;
      text += isClosed ? token : token + newLine();
    } else if (token === "}" || token === "]") {
      const isEmpty = tokens[at - 1] === "{" || tokens[at - 1] === "[";
      depth -= isEmpty ? 0 : 1;
      text += isEmpty ? token : newLine() + token;
    } else if (token === ",") {
      text += token + newLine();
    } else {
      text += token === ":" ? ": " : token;
    }
  }
  return text;
}

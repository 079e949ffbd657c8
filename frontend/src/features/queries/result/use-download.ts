import { useEffect, useRef, useState } from "react";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";
import { notify } from "@/components/toast";
import { announce } from "@/lib/announce";

export type FileFormat = components["schemas"]["FileFormat"];
type Export = components["schemas"]["ExportAnswer"];

export const FORMATS: Record<FileFormat, string> = {
  csv: "CSV",
  xlsx: "Excel",
  ndjson: "NDJSON",
};

const LOOK_MS = 700;

export interface Download {
  format: FileFormat;
  /** From 0 to 1; null where nobody knows. */
  progress: number | null;
  rows: number | null;
}

/** Write a whole result into a file and hand it to the browser; one at a time. */
export function useDownload(): {
  current: Download | null;
  start: (queryId: string, format: FileFormat) => void;
  cancel: () => void;
} {
  const [current, setCurrent] = useState<Download | null>(null);
  const attempt = useRef<{ controller: AbortController; id: string | null } | null>(null);
  const cancel = () => {
    const before = attempt.current;
    attempt.current = null;
    before?.controller.abort();
    setCurrent(null);
    if (before?.id) {
      removeExport(before.id).catch(notify.failed);
    }
  };
  useEffect(() => () => attempt.current?.controller.abort(), []);
  const start = (queryId: string, format: FileFormat) => {
    cancel();
    const mine = { controller: new AbortController(), id: null as string | null };
    attempt.current = mine;
    setCurrent({ format, progress: null, rows: null });
    const onStep = (made: Export) => {
      mine.id = made.id;
      setCurrent({ format, progress: made.progress, rows: made.rows_so_far });
    };
    write(queryId, format, mine.controller.signal, onStep)
      .then(
        (made) => finish(made),
        (error: unknown) => {
          if (!mine.controller.signal.aborted) {
            notify.failed(error);
          }
        },
      )
      .finally(() => {
        if (attempt.current === mine) {
          attempt.current = null;
          setCurrent(null);
        }
      });
  };
  return { current, start, cancel };
}

async function write(
  queryId: string,
  format: FileFormat,
  signal: AbortSignal,
  onStep: (made: Export) => void,
): Promise<Export> {
  let made = await unwrap(
    api.POST("/api/exports", {
      body: {
        query_id: queryId,
        connection_id: null,
        sql: null,
        max_rows: null,
        time_zone: null,
        title: null,
        format,
        guard_formulas: true,
      },
      signal,
    }),
  );
  while (made.state === "queued" || made.state === "running") {
    onStep(made);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    signal.throwIfAborted();
    made = await unwrap(
      api.GET("/api/exports/{export_id}", { params: { path: { export_id: made.id } }, signal }),
    );
  }
  return made;
}

function removeExport(id: string): Promise<unknown> {
  return unwrap(api.DELETE("/api/exports/{export_id}", { params: { path: { export_id: id } } }));
}

function finish(made: Export): void {
  if (made.state !== "succeeded" || made.url === null) {
    notify.failed(new Error(made.error?.message ?? `The file is ${made.state}.`));
    return;
  }
  const link = document.createElement("a");
  link.href = made.url;
  link.download = made.filename ?? "";
  link.click();
  const notes = made.notes.length > 0 ? ` ${made.notes.join(" ")}` : "";
  notify.done(`${made.filename ?? "The file"} is being downloaded.${notes}`);
  announce("The file is ready");
}

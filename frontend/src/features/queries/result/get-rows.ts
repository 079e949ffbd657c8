import { api } from "@/api/client";
import { unwrap } from "@/api/transport";
import type { Chunk } from "@/components/grid/chunked-rows";
import { readRows } from "@/components/grid/raw-rows";
import type { GridColumn, Row } from "@/components/grid/types";

/** Whether cells may hold JSON, which only its own text tells exactly. */
export function hasNested(columns: readonly GridColumn[]): boolean {
  return columns.some(({ kind }) => kind === "json" || kind === "array");
}

/** Fetch a page of a stored result, every value as it is stored. */
export async function getRows(
  queryId: string,
  columns: readonly GridColumn[],
  offset: number,
  limit: number,
  signal: AbortSignal,
): Promise<Chunk> {
  const text = await unwrap(
    api.GET("/api/queries/{query_id}/rows", {
      params: { path: { query_id: queryId }, query: { offset, limit } },
      parseAs: "text",
      signal,
    }),
  );
  if (hasNested(columns)) {
    const { rows, rest } = readRows(text as string);
    return { rows, cutCells: (rest["cut_cells"] as number[][] | undefined) ?? [] };
  }
  const page = JSON.parse(text as string) as { rows: Row[]; cut_cells?: number[][] };
  return { rows: page.rows, cutCells: page.cut_cells ?? [] };
}

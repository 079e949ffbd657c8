import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { Unreachable } from "@/api/problem";
import { unwrap } from "@/api/transport";

/** Longer ones are for a file: a page that lays out so much text stands still. */
const LONGEST_SHOWN = 5_000_000;

/** A whole cell: its text, or where it can be downloaded when it is too long or kept elsewhere. */
export interface WholeCell {
  text: string | null;
  url: string | null;
}

/** Fetch a cell that pages cut. Rows and columns are counted from 0; `bytes` is its length. */
export const cellQuery = (queryId: string, row: number, column: number, bytes: number) =>
  queryOptions({
    queryKey: ["queries", queryId, "cell", row, column],
    queryFn: async ({ signal }): Promise<WholeCell> => {
      const cell = await unwrap(
        api.GET("/api/queries/{query_id}/cell-link", {
          params: { path: { query_id: queryId }, query: { row, column } },
          signal,
        }),
      );
      if (cell.url === null || bytes > LONGEST_SHOWN || !isOurs(cell.url)) {
        return cell;
      }
      return { text: await read(cell.url, signal), url: cell.url };
    },
    // A link ends after a minute.
    staleTime: 50_000,
    gcTime: 50_000,
  });

/** Whether this page's policy lets it fetch from there. */
function isOurs(url: string): boolean {
  return new URL(url, location.href).origin === location.origin;
}

async function read(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw new Unreachable(error);
  });
  if (!response.ok) {
    throw new Error(`The whole value could not be fetched: ${response.status}.`);
  }
  return response.text();
}

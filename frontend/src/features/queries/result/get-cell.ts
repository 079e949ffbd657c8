import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";

/** A whole cell, however long it is, as text. Rows and columns are counted from 0. */
export const cellQuery = (queryId: string, row: number, column: number) =>
  queryOptions({
    queryKey: ["queries", queryId, "cell", row, column],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/queries/{query_id}/cell", {
          params: { path: { query_id: queryId }, query: { row, column } },
          parseAs: "text",
          signal,
        }),
      ) as Promise<string>,
    staleTime: Number.POSITIVE_INFINITY,
  });

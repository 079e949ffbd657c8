import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";

/** What stands in a column of the whole result, the most frequent first, each with its count. */
export const valuesQuery = (queryId: string, column: number, search: string) =>
  queryOptions({
    queryKey: ["queries", queryId, "values", column, search],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/queries/{query_id}/values", {
          params: {
            path: { query_id: queryId },
            query: { column, wait_seconds: 10, ...(search ? { search } : {}) },
          },
          signal,
        }),
      ),
    staleTime: 60_000,
    refetchInterval: ({ state }) => (state.data?.state === "running" ? 500 : false),
  });

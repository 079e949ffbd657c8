import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";
import type { SchemaAnswer, Table } from "./schema/schema";

const READING_AGAIN = 1500;

/** What there is in the database; asked again by itself while the server reads it. */
export const schemaQuery = (connectionId: string) =>
  queryOptions({
    queryKey: ["queries", "schema", connectionId],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/connections/{connection_id}/schema", {
          params: { path: { connection_id: connectionId } },
          signal,
        }),
      ),
    refetchInterval: ({ state }) => (isReading(state.data) ? READING_AGAIN : false),
    staleTime: 5 * 60_000,
  });

/** One schema of a database that is too large for one answer. */
export const schemaPartQuery = (connectionId: string, schema: string) =>
  queryOptions({
    queryKey: ["queries", "schema", connectionId, schema],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/connections/{connection_id}/schema", {
          params: { path: { connection_id: connectionId }, query: { schema } },
          signal,
        }),
      ),
    staleTime: 5 * 60_000,
  });

/** One table with everything. */
export const tableQuery = (connectionId: string, schema: string, table: string) =>
  queryOptions({
    queryKey: ["queries", "schema", connectionId, schema, table],
    queryFn: async ({ signal }): Promise<Table | null> => {
      const answer = await unwrap(
        api.GET("/api/connections/{connection_id}/schema", {
          params: { path: { connection_id: connectionId }, query: { schema, table } },
          signal,
        }),
      );
      return answer.schemas[0]?.tables?.[0] ?? null;
    },
    staleTime: 5 * 60_000,
  });

export function useRefreshSchema(connectionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/api/connections/{connection_id}/schema/refresh", {
          params: { path: { connection_id: connectionId } },
        }),
      ),
    onSuccess: (answer) => takeSchema(client, connectionId, answer),
  });
}

/** Whether the server is at it now. */
export function isReading(answer: SchemaAnswer | undefined): boolean {
  return answer !== undefined && (answer.state === "reading" || answer.is_stale) && !answer.error;
}

function takeSchema(client: QueryClient, connectionId: string, answer: SchemaAnswer): void {
  client.removeQueries({
    queryKey: ["queries", "schema", connectionId],
    predicate: ({ queryKey }) => queryKey.length > 3,
  });
  client.setQueryData(schemaQuery(connectionId).queryKey, answer);
}

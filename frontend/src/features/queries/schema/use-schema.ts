import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { CompletionSchema } from "../editor/completions";
import {
  isReading,
  schemaPartQuery,
  schemaQuery,
  tableQuery,
  useRefreshSchema,
} from "../get-schema";
import type { SchemaAnswer, SchemaPart } from "./schema";
import { SchemaIndex } from "./schema-index";

export interface KnownSchema {
  answer: SchemaAnswer | undefined;
  error: unknown;
  isPending: boolean;
  isReading: boolean;
  /** For completion; null until the schema is there. */
  completion: CompletionSchema | null;
  refresh: () => void;
  isRefreshing: boolean;
  refreshError: unknown;
  refetch: () => void;
}

/**
 * What there is in the connection's database. Of a database too large for one answer, the schemas in
 * `opened` are fetched one by one.
 */
export function useSchema(connectionId: string | null, opened: readonly string[]): KnownSchema {
  const client = useQueryClient();
  const query = useQuery({ ...schemaQuery(connectionId ?? ""), enabled: connectionId !== null });
  const refresh = useRefreshSchema(connectionId ?? "");
  const lacking = (query.data?.schemas ?? [])
    .filter(({ name, tables }) => tables === null && (name === "public" || opened.includes(name)))
    .map(({ name }) => name);
  const parts = useQueries({
    queries: lacking.map((name) => schemaPartQuery(connectionId ?? "", name)),
    combine: (results) => results.flatMap(({ data }) => data?.schemas[0] ?? []),
  });
  const answer = useMemo(() => query.data && withParts(query.data, parts), [query.data, parts]);
  const index = useMemo(() => answer && new SchemaIndex(answer), [answer]);
  const completion = useMemo<CompletionSchema | null>(
    () =>
      index && connectionId
        ? {
            index,
            columnsOf: async ({ schema, table }) => {
              const wanted = tableQuery(connectionId, schema, table.name);
              const found = await client.fetchQuery(wanted).catch(() => null);
              return found?.columns ?? [];
            },
          }
        : null,
    [index, client, connectionId],
  );
  return {
    answer,
    error: query.error,
    isPending: query.isPending && connectionId !== null,
    isReading: isReading(query.data),
    completion,
    refresh: () => refresh.mutate(),
    isRefreshing: refresh.isPending,
    refreshError: refresh.error,
    refetch: () => void query.refetch(),
  };
}

function withParts(answer: SchemaAnswer, parts: readonly SchemaPart[]): SchemaAnswer {
  const byName = new Map(parts.map((part) => [part.name, part]));
  return { ...answer, schemas: answer.schemas.map((one) => byName.get(one.name) ?? one) };
}

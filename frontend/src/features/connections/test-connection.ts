import { type QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";
import type { TestedChanges, TestedTarget } from "./connection-values";

export type TestStep = components["schemas"]["StepAnswer"];
export type ConnectionTest = components["schemas"]["ConnectionTestAnswer"] & { at: string };

const key = (id: string) => ["connections", id, "test"];

/** Try out values that are not saved. */
export async function testTarget(body: TestedTarget): Promise<ConnectionTest> {
  return dated(await unwrap(api.POST("/api/connections/test", { body })));
}

/** Try out a saved connection, or what it would be with changes. */
export async function testConnection(id: string, body?: TestedChanges): Promise<ConnectionTest> {
  const params = { path: { connection_id: id } };
  const answer = api.POST("/api/connections/{connection_id}/test", {
    params,
    ...(body && Object.keys(body).length > 0 ? { body } : {}),
  });
  return dated(await unwrap(answer));
}

/** The last test of a saved connection that was made in this window, if there was one. */
export function useLastTest(id: string): ConnectionTest | null {
  const { data } = useQuery<ConnectionTest | null>({
    queryKey: key(id),
    queryFn: () => null,
    enabled: false,
    gcTime: Number.POSITIVE_INFINITY,
  });
  return data ?? null;
}

/** Test a saved connection as it is, and keep the result for all who show it. */
export function useTestConnection(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => testConnection(id),
    onSuccess: (test) => keepTest(client, id, test),
  });
}

export function keepTest(client: QueryClient, id: string, test: ConnectionTest): void {
  client.setQueryData(key(id), test);
}

function dated(answer: components["schemas"]["ConnectionTestAnswer"]): ConnectionTest {
  return { ...answer, at: new Date().toISOString() };
}

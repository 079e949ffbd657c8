import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";

export type ConnectionChoice = Pick<
  components["schemas"]["ConnectionAnswer"],
  "id" | "name" | "can_edit"
>;

/** The connections that one may ask: all of them, to choose from. */
export const connectionChoicesQuery = queryOptions({
  queryKey: ["connections", "choices"],
  queryFn: async ({ signal }) => {
    const found: ConnectionChoice[] = [];
    for (let cursor: string | null = null; ; ) {
      const query: { limit: number; cursor?: string } = {
        limit: 200,
        ...(cursor ? { cursor } : {}),
      };
      const page: { items: ConnectionChoice[]; next: string | null } = await unwrap(
        api.GET("/api/connections", { params: { query }, signal }),
      );
      found.push(...page.items);
      cursor = page.next;
      if (!cursor) {
        return found;
      }
    }
  },
  staleTime: 60_000,
});

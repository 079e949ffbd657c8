import type { QueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { useListQuery } from "@/api/list-query";
import { unwrap } from "@/api/transport";

const PAGE = 100;

/** The connections that one may see, by name. */
export function useConnections() {
  return useListQuery({
    queryKey: ["connections", "list"],
    fetchPage: (cursor, signal) => {
      const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
      return unwrap(api.GET("/api/connections", { params: { query }, signal }));
    },
  });
}

/** Fetch again every list that a connection stands in: this page's, and what others choose from. */
export function forgetConnectionLists(client: QueryClient): Promise<unknown> {
  return Promise.all(
    ["list", "choices"].map((kind) =>
      client.invalidateQueries({ queryKey: ["connections", kind], refetchType: "all" }),
    ),
  );
}

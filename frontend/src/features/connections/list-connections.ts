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

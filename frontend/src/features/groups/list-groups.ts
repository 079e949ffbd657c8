import { api } from "@/api/client";
import { useListQuery } from "@/api/list-query";
import { unwrap } from "@/api/transport";

export function useGroups(search: string | undefined) {
  return useListQuery({
    staleMs: 0,
    queryKey: ["groups", "list", { search }],
    fetchPage: (cursor, signal) => {
      const query = {
        limit: 100,
        ...(cursor === undefined ? {} : { cursor }),
        ...(search ? { search } : {}),
      };
      return unwrap(api.GET("/api/groups", { params: { query }, signal }));
    },
  });
}

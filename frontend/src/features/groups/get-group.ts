import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { useListQuery } from "@/api/list-query";
import { unwrap } from "@/api/transport";

export const groupQuery = (id: string) =>
  queryOptions({
    queryKey: ["groups", "one", id],
    staleTime: 0,
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/groups/{group_id}", { params: { path: { group_id: id } }, signal })),
  });

export function useMembers(id: string) {
  return useListQuery({
    staleMs: 0,
    queryKey: ["groups", "members", id],
    fetchPage: (cursor, signal) => {
      const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      const params = { path: { group_id: id }, query };
      return unwrap(api.GET("/api/groups/{group_id}/members", { params, signal }));
    },
  });
}

import { api } from "@/api/client";
import { useListQuery } from "@/api/list-query";
import { unwrap } from "@/api/transport";

/** One's own personal tokens, newest first; admins may ask for somebody's. */
export function useTokens(userId?: string) {
  return useListQuery({
    staleMs: 0,
    queryKey: ["tokens", userId ?? "mine"],
    fetchPage: (cursor, signal) => {
      const query = {
        limit: 100,
        ...(cursor === undefined ? {} : { cursor }),
        ...(userId === undefined ? {} : { user_id: userId }),
      };
      return unwrap(api.GET("/api/tokens", { params: { query }, signal }));
    },
  });
}

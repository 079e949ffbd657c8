import { api } from "@/api/client";
import { useListQuery } from "@/api/list-query";
import { unwrap } from "@/api/transport";

/** The invitations that wait for their person, newest first. */
export function useInvitations() {
  return useListQuery({
    staleMs: 0,
    queryKey: ["invitations"],
    fetchPage: (cursor, signal) => {
      const query = { limit: 100, ...(cursor === undefined ? {} : { cursor }) };
      return unwrap(api.GET("/api/invitations", { params: { query }, signal }));
    },
  });
}

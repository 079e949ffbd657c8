import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";
import type { ConnectionChanges } from "./connection-values";
import { forgetConnectionLists } from "./list-connections";

/** Save changes to the version that was seen; a later one is refused with `conflict`. */
export function useChangeConnection(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: ConnectionChanges) =>
      unwrap(
        api.PATCH("/api/connections/{connection_id}", {
          params: { path: { connection_id: id } },
          body,
        }),
      ),
    onSuccess: (connection) => {
      client.setQueryData(["connections", id], connection);
      return forgetConnectionLists(client);
    },
  });
}

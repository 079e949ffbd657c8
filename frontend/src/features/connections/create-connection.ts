import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";
import type { NewConnection } from "./connection-values";
import { forgetConnectionLists } from "./list-connections";

export function useCreateConnection() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewConnection) => unwrap(api.POST("/api/connections", { body })),
    onSuccess: (connection) => {
      client.setQueryData(["connections", connection.id], connection);
      return forgetConnectionLists(client);
    },
  });
}

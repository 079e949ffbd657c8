import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";
import { forgetConnectionLists } from "./list-connections";

export function useDeleteConnection() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(
        api.DELETE("/api/connections/{connection_id}", { params: { path: { connection_id: id } } }),
      ),
    onSuccess: () => forgetConnectionLists(client),
  });
}

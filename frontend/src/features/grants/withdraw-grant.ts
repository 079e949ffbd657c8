import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";

export function useWithdrawGrant() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.DELETE("/api/grants/{grant_id}", { params: { path: { grant_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["grants"] }),
  });
}

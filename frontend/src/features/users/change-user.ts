import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";

export type UserChange = Partial<components["schemas"]["UserChange"]>;

/** Change what the body names; the rest stays. */
export function useChangeUser(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: UserChange) =>
      unwrap(
        api.PATCH("/api/users/{user_id}", {
          params: { path: { user_id: id } },
          body: body as components["schemas"]["UserChange"],
        }),
      ),
    onSuccess: (user) => {
      client.setQueryData(["users", id], user);
      return client.invalidateQueries({ queryKey: ["users", "list"] });
    },
  });
}

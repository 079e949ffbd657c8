import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";

export type Grant = components["schemas"]["GrantAnswer"];
export type GrantRequest = components["schemas"]["GrantRequest"];
export type Level = components["schemas"]["Level"];

/** Give a level, in place of what the grantee had. */
export function useGiveGrant() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: GrantRequest) => unwrap(api.POST("/api/grants", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["grants"] }),
  });
}

import { useMutation } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";

export type ResetAnswer = components["schemas"]["ResetAnswer"];

/** Cancel all that is under way, close connections, drop results. */
export function useResetSession() {
  return useMutation({ mutationFn: () => unwrap(api.POST("/api/queries/reset")) });
}

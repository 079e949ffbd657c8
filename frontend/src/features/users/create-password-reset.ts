import { useMutation } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";

/** Make a link by which a person sets a new password. It is answered this once. */
export function useCreatePasswordReset() {
  return useMutation({
    mutationFn: (userId: string) =>
      unwrap(api.POST("/api/password-resets", { body: { user_id: userId } })),
  });
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";

export type Invitation = components["schemas"]["InvitationAnswer"];
export type InvitationRequest = components["schemas"]["InvitationRequest"];

/** Invite somebody; the answer has the link, this once. */
export function useCreateInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: InvitationRequest) => unwrap(api.POST("/api/invitations", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["invitations"] }),
  });
}

/** Take an invitation back: its link works no longer. */
export function useRevokeInvitation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(
        api.DELETE("/api/invitations/{invitation_id}", { params: { path: { invitation_id: id } } }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ["invitations"] }),
  });
}

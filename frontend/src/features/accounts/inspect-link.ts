import { queryOptions } from "@tanstack/react-query";
import { publicApi } from "@/api/client";
import { reach, unwrap } from "@/api/transport";

/** Whose invitation it is; the link is not used by asking. */
export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ["link", "invitation", token],
    queryFn: ({ signal }) =>
      unwrap(reach(publicApi.POST("/api/invitations/inspect", { body: { token }, signal }))),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: token !== "",
  });

/** Whose password the link sets; the link is not used by asking. */
export const passwordResetQuery = (token: string) =>
  queryOptions({
    queryKey: ["link", "password-reset", token],
    queryFn: ({ signal }) =>
      unwrap(reach(publicApi.POST("/api/password-resets/inspect", { body: { token }, signal }))),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: token !== "",
  });

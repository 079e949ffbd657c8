import { publicApi, session } from "@/api/client";
import type { components } from "@/api/schema";
import { reach, unwrap } from "@/api/transport";

/** Become one of the people here, signed in. */
export async function acceptInvitation(body: components["schemas"]["Acceptance"]): Promise<void> {
  session.adopt(await unwrap(reach(publicApi.POST("/api/invitations/accept", { body }))));
}

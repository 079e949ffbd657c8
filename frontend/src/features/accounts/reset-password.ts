import { publicApi } from "@/api/client";
import type { components } from "@/api/schema";
import { reach, unwrap } from "@/api/transport";

/** Set a new password by a link; every session of the person ends. */
export async function resetPassword(body: components["schemas"]["NewPassword"]): Promise<void> {
  await unwrap(reach(publicApi.POST("/api/password-resets/use", { body })));
}

import { publicApi, session } from "@/api/client";
import type { components } from "@/api/schema";
import { reach, unwrap } from "@/api/transport";

/** Become the first admin, signed in. */
export async function setUp(body: components["schemas"]["SetupRequest"]): Promise<void> {
  session.adopt(await unwrap(reach(publicApi.POST("/api/setup", { body }))));
}

import { publicApi, session } from "@/api/client";
import type { components } from "@/api/schema";
import { reach, unwrap } from "@/api/transport";

/** Sign in; the session is known to the whole app afterwards. */
export async function signIn(body: components["schemas"]["SignInRequest"]): Promise<void> {
  session.adopt(await unwrap(reach(publicApi.POST("/api/session", { body }))));
}

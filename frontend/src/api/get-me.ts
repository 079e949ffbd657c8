import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import { unwrap } from "./transport";

/**
 * Who is signed in, as it is now. Asked again whenever the person comes back to the window, so that
 * a role that has changed, or a session that is over, is met before they have begun something.
 */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/me", { signal })),
  refetchOnWindowFocus: "always",
});

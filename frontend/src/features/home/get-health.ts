import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";

/** How the installation is; admins are told why, and how to mend it. */
export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/health", { signal })),
  staleTime: 60_000,
});

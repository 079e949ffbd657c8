import { queryOptions } from "@tanstack/react-query";
import { publicApi } from "@/api/client";
import { reach, unwrap } from "@/api/transport";

/** Whether the first admin is still missing. */
export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: ({ signal }) => unwrap(reach(publicApi.GET("/api/setup", { signal }))),
});

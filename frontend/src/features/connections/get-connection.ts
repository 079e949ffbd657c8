import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";

export const connectionQuery = (id: string) =>
  queryOptions({
    queryKey: ["connections", id],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/connections/{connection_id}", {
          params: { path: { connection_id: id } },
          signal,
        }),
      ),
  });

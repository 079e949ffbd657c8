import { api } from "@/api/client";
import { useListQuery } from "@/api/list-query";
import { unwrap } from "@/api/transport";

/** What is granted on an object, oldest first; for who may edit it. */
export function useGrants(objectType: string, objectId: string) {
  return useListQuery({
    staleMs: 0,
    queryKey: ["grants", objectType, objectId],
    fetchPage: (cursor, signal) => {
      const query = {
        object_type: objectType,
        object_id: objectId,
        limit: 100,
        ...(cursor === undefined ? {} : { cursor }),
      };
      return unwrap(api.GET("/api/grants", { params: { query }, signal }));
    },
  });
}

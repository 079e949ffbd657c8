import { queryOptions } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";

/** What one person may do to an object, and why. */
export const explanationQuery = (objectType: string, objectId: string, userId: string) =>
  queryOptions({
    queryKey: ["grants", "explanation", objectType, objectId, userId],
    queryFn: ({ signal }) => {
      const query = { object_type: objectType, object_id: objectId, user_id: userId };
      return unwrap(api.GET("/api/grants/explain", { params: { query }, signal }));
    },
  });

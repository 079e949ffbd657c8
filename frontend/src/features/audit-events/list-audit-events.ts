import { api } from "@/api/client";
import { useListQuery } from "@/api/list-query";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";
import { type AuditFilter, filterQuery } from "./audit-filter";

export type AuditEvent = components["schemas"]["AuditEventAnswer"];

/** What was done and fits, newest first. */
export function useAuditEvents(filter: AuditFilter) {
  const wanted = filterQuery(filter);
  return useListQuery({
    staleMs: 0,
    queryKey: ["audit-events", wanted],
    fetchPage: (cursor, signal) => {
      const query = { ...wanted, limit: 50, ...(cursor === undefined ? {} : { cursor }) };
      return unwrap(api.GET("/api/audit-events", { params: { query }, signal }));
    },
  });
}

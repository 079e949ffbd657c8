import { api } from "@/api/client";
import { unwrap } from "@/api/transport";
import { type AuditFilter, filterQuery } from "./audit-filter";

/** Have the events that fit written into a file, and start its download. */
export async function exportAuditEvents(
  filter: AuditFilter,
  format: "csv" | "ndjson",
): Promise<void> {
  const query = { ...filterQuery(filter), format };
  const { url } = await unwrap(api.GET("/api/audit-events/export-link", { params: { query } }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "@/components/lazy-part";
import { readAuditFilter } from "@/features/audit-events/audit-filter";
import { shellRoute } from "./shell-route";

const auditEventsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/audit-events",
  staticData: { title: "Audit record", least: "admin" },
  validateSearch: readAuditFilter,
  component: lazyPage(() => import("@/features/audit-events/audit-events-page"), "AuditEventsPage"),
});

export const auditEventsRoutes = [auditEventsRoute] as const;

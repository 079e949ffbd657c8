import { createRootRoute } from "@tanstack/react-router";
import type { Role } from "@/api/session";
import { RootLayout } from "@/app/root-layout";

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    /** In the title of the window and among the breadcrumbs. */
    title?: string;
    /** The lowest role that may see it; others get a page that says so. */
    least?: Role;
  }
}

export const rootRoute = createRootRoute({ component: RootLayout });

import { createRootRoute } from "@tanstack/react-router";
import { ErrorPage } from "@/app/error-page";
import { NotFoundPage } from "@/app/not-found-page";
import { RootLayout } from "@/app/root-layout";

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    /** In the title of the window and among the breadcrumbs. */
    title?: string;
  }
}

export const rootRoute = createRootRoute({
  component: RootLayout,
  notFoundComponent: NotFoundPage,
  errorComponent: ErrorPage,
});

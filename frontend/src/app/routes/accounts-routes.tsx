import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { compact, type RawSearch, textParam } from "@/lib/search-params";
import { rootRoute } from "./root-route";

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  staticData: { title: "Sign in" },
  validateSearch: (search: RawSearch): { next?: string } => {
    const next = textParam(search["next"]);
    // A path of our own only: a link must not lead people away after they signed in.
    return compact({ next: next && /^\/(?![/\\])/.test(next) ? next : undefined });
  },
  component: lazyRouteComponent(() => import("@/features/accounts/sign-in-page"), "SignInPage"),
});

export const accountsRoutes = [signInRoute] as const;

import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "@/components/lazy-part";
import { type RawSearch, textParam } from "@/lib/search-params";
import { rootRoute } from "./root-route";

/** A path of our own only: a link must not lead people away after they have signed in. */
export function ownPath(path: string | undefined): string | undefined {
  return path !== undefined && /^\/(?![/\\])/.test(path) ? path : undefined;
}

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  staticData: { title: "Sign in" },
  validateSearch: (search: RawSearch): { next?: string | undefined } => ({
    next: ownPath(textParam(search["next"])),
  }),
  component: lazyPage(() => import("@/features/accounts/sign-in-page"), "SignInPage"),
});

// What the one-time links of the API lead to; the token stands behind #.
const setupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/setup",
  staticData: { title: "Set up" },
  component: lazyPage(() => import("@/features/accounts/setup-page"), "SetupPage"),
});

const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/invitation",
  staticData: { title: "Invitation" },
  component: lazyPage(() => import("@/features/accounts/invitation-page"), "InvitationPage"),
});

const passwordResetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/password-reset",
  staticData: { title: "New password" },
  component: lazyPage(() => import("@/features/accounts/password-reset-page"), "PasswordResetPage"),
});

export const accountsRoutes = [
  signInRoute,
  setupRoute,
  invitationRoute,
  passwordResetRoute,
] as const;

import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "@/components/lazy-part";
import { ROLES, type RoleName } from "@/lib/roles";
import { flagParam, oneOfParam, type RawSearch, textParam } from "@/lib/search-params";
import { shellRoute } from "./shell-route";

interface ListSearch {
  q?: string | undefined;
  sort?: string | undefined;
}

const listSearch = (search: RawSearch): ListSearch => ({
  q: textParam(search["q"]),
  sort: textParam(search["sort"]),
});

/** A list with a dialog that makes a new one: `new=true` opens it. */
const listAndNewSearch = (search: RawSearch): ListSearch & { new?: true | undefined } => ({
  ...listSearch(search),
  new: flagParam(search["new"]),
});

const usersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/users",
  staticData: { title: "People", least: "admin" },
});

const usersListRoute = createRoute({
  getParentRoute: () => usersRoute,
  path: "/",
  validateSearch: (
    search: RawSearch,
  ): ListSearch & {
    role?: RoleName | undefined;
    status?: "active" | "deactivated" | undefined;
  } => ({
    ...listSearch(search),
    role: oneOfParam(search["role"], ROLES),
    status: oneOfParam(search["status"], ["active", "deactivated"]),
  }),
  component: lazyPage(() => import("@/features/users/users-page"), "UsersPage"),
});

const userRoute = createRoute({
  getParentRoute: () => usersRoute,
  path: "/$userId",
  staticData: { title: "Person" },
  component: lazyPage(() => import("@/app/user-with-tokens"), "UserWithTokens"),
});

const rolesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/roles",
  staticData: { title: "What roles may do" },
  component: lazyPage(() => import("@/features/users/roles-page"), "RolesPage"),
});

const groupsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/groups",
  staticData: { title: "Groups", least: "admin" },
});

const groupsListRoute = createRoute({
  getParentRoute: () => groupsRoute,
  path: "/",
  validateSearch: listAndNewSearch,
  component: lazyPage(() => import("@/features/groups/groups-page"), "GroupsPage"),
});

const groupRoute = createRoute({
  getParentRoute: () => groupsRoute,
  path: "/$groupId",
  staticData: { title: "Group" },
  component: lazyPage(() => import("@/features/groups/group-page"), "GroupPage"),
});

const invitationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/invitations",
  staticData: { title: "Invitations", least: "admin" },
  validateSearch: listAndNewSearch,
  component: lazyPage(() => import("@/features/invitations/invitations-page"), "InvitationsPage"),
});

const tokensRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tokens",
  staticData: { title: "Personal tokens" },
  validateSearch: (search: RawSearch): { new?: true | undefined } => ({
    new: flagParam(search["new"]),
  }),
  component: lazyPage(() => import("@/features/tokens/tokens-page"), "TokensPage"),
});

export const peopleRoutes = [
  usersRoute.addChildren([usersListRoute, userRoute]),
  rolesRoute,
  groupsRoute.addChildren([groupsListRoute, groupRoute]),
  invitationsRoute,
  tokensRoute,
] as const;

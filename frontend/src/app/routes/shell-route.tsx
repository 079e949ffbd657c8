import { createRoute, redirect } from "@tanstack/react-router";
import { session } from "@/api/client";
import { Shell } from "@/app/shell";
import { rootRoute } from "./root-route";

/** Everything inside the shell is for who is signed in. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ location }) => {
    await session.start();
    if (session.state.status === "signed-out") {
      const next = location.href === "/" || session.state.hasLeft ? undefined : location.href;
      throw redirect({ to: "/sign-in", search: next ? { next } : {}, replace: true });
    }
  },
});

import { useSyncExternalStore } from "react";
import { session } from "./client";
import type { Role, SessionState, User } from "./session";

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

/** Who is signed in; for pages inside the shell, which are drawn for nobody else. */
export function useUser(): User {
  const { user } = useSession();
  if (!user) {
    throw new Error("Nobody is signed in.");
  }
  return user;
}

const RANK: Record<Role, number> = { viewer: 0, editor: 1, admin: 2 };

/** Whether the role is this one or a higher one. */
export function hasRole(user: { role: Role }, least: Role): boolean {
  return RANK[user.role] >= RANK[least];
}

import { useNavigate } from "@tanstack/react-router";
import {
  Database,
  KeyRound,
  Laptop,
  LogOut,
  type LucideIcon,
  Moon,
  Sun,
  UserPlus,
  UsersRound,
} from "lucide-react";
import { useMemo } from "react";
import { session } from "@/api/client";
import type { Role, User } from "@/api/session";
import { hasRole } from "@/api/use-session";
import { notify } from "@/components/toast";
import { type Command, useCommands } from "@/lib/commands";
import { type Shortcut, useShortcuts } from "@/lib/shortcuts";
import { chooseTheme } from "@/lib/theme";
import { navigation } from "./navigation";
import type { AppPath } from "./router";

export const themes = [
  { choice: "system", label: "Theme of the system", icon: Laptop },
  { choice: "light", label: "Light theme", icon: Sun },
  { choice: "dark", label: "Dark theme", icon: Moon },
] as const;

/** What can be made from anywhere. */
const newThings: readonly {
  id: string;
  title: string;
  icon: LucideIcon;
  keywords: string[];
  least: Role;
  to: AppPath;
  search: { new?: true };
}[] = [
  {
    id: "connections.new",
    title: "New connection",
    icon: Database,
    keywords: ["database", "add", "connect"],
    least: "editor",
    to: "/connections/new",
    search: {},
  },
  {
    id: "invitations.new",
    title: "Invite somebody",
    icon: UserPlus,
    keywords: ["user", "person", "add", "invitation"],
    least: "admin",
    to: "/invitations",
    search: { new: true },
  },
  {
    id: "groups.new",
    title: "New group",
    icon: UsersRound,
    keywords: ["team", "add"],
    least: "admin",
    to: "/groups",
    search: { new: true },
  },
  {
    id: "tokens.new",
    title: "New personal token",
    icon: KeyRound,
    keywords: ["api", "script", "key"],
    least: "viewer",
    to: "/tokens",
    search: { new: true },
  },
];

export function signOut(): void {
  session.signOut().catch(notify.failed);
}

/** The commands and keys that every page has: going places, the theme, signing out. */
export function useAppCommands(user: User): void {
  const navigate = useNavigate();
  const entries = useMemo(
    () =>
      navigation
        .flatMap((section) => section.entries)
        .filter((entry) => hasRole(user, entry.least)),
    [user],
  );
  useCommands(
    useMemo<Command[]>(
      () => [
        ...entries.map(({ to, label, icon, key }) => ({
          id: `go.${to}`,
          title: label,
          group: "Go to",
          icon,
          run: () => void navigate({ to }),
          ...(key ? { keys: `g ${key}` } : {}),
        })),
        ...newThings
          .filter(({ least }) => hasRole(user, least))
          .map(({ id, title, icon, keywords, to, search }) => ({
            id,
            title,
            group: "New",
            icon,
            keywords,
            run: () => void navigate({ to, search }),
          })),
        ...themes.map(({ choice, label, icon }) => ({
          id: `theme.${choice}`,
          title: label,
          group: "Appearance",
          icon,
          keywords: ["theme", "colour", "mode"],
          run: () => chooseTheme(choice),
        })),
        {
          id: "session.sign-out",
          title: "Sign out",
          group: "You",
          icon: LogOut,
          keywords: ["log out", "leave"],
          run: signOut,
        },
      ],
      [entries, navigate, user],
    ),
  );
  useShortcuts(
    useMemo<Shortcut[]>(
      () =>
        entries.flatMap(({ to, label, key }) =>
          key
            ? [{ keys: `g ${key}`, title: label, group: "Go to", run: () => void navigate({ to }) }]
            : [],
        ),
      [entries, navigate],
    ),
  );
}

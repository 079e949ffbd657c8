import { useNavigate } from "@tanstack/react-router";
import { Laptop, LogOut, Moon, Sun } from "lucide-react";
import { useMemo } from "react";
import { session } from "@/api/client";
import type { User } from "@/api/session";
import { hasRole } from "@/api/use-session";
import { notify } from "@/components/toast";
import { type Command, useCommands } from "@/lib/commands";
import { type Shortcut, useShortcuts } from "@/lib/shortcuts";
import { chooseTheme } from "@/lib/theme";
import { navigation } from "./navigation";

export const themes = [
  { choice: "system", label: "Theme of the system", icon: Laptop },
  { choice: "light", label: "Light theme", icon: Sun },
  { choice: "dark", label: "Dark theme", icon: Moon },
] as const;

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
      [entries, navigate],
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

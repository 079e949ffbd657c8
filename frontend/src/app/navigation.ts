import {
  CircleHelp,
  Database,
  History,
  House,
  KeyRound,
  type LucideIcon,
  MailPlus,
  ScrollText,
  SquareTerminal,
  Users,
  UsersRound,
} from "lucide-react";
import type { Role } from "@/api/session";
import type { AppPath } from "./router";

export interface NavigationEntry {
  to: AppPath;
  label: string;
  icon: LucideIcon;
  /** The lowest role that has it; others do not see it. */
  least: Role;
  /** After `g`: `g c` goes there. */
  key?: string;
  /** One sentence: makes it a card of the home page. */
  lead?: string;
}

export interface NavigationSection {
  title: string | null;
  entries: readonly NavigationEntry[];
}

/** The sidebar, the palette, the `g` keys and the cards of the home page: one entry for each area. */
export const navigation: readonly NavigationSection[] = [
  {
    title: null,
    entries: [
      { to: "/", label: "Home", icon: House, least: "viewer", key: "h" },
      {
        to: "/queries/new",
        label: "SQL editor",
        icon: SquareTerminal,
        least: "editor",
        key: "q",
        lead: "Ask a database in SQL, and look at what it answers.",
      },
      { to: "/queries", label: "History", icon: History, least: "editor", key: "y" },
      {
        to: "/connections",
        label: "Connections",
        icon: Database,
        least: "editor",
        key: "c",
        lead: "The databases that can be asked, and the logins for them.",
      },
    ],
  },
  {
    title: "Administration",
    entries: [
      {
        to: "/users",
        label: "People",
        icon: Users,
        least: "admin",
        key: "p",
        lead: "Who can sign in, and what they may do.",
      },
      { to: "/groups", label: "Groups", icon: UsersRound, least: "admin" },
      { to: "/invitations", label: "Invitations", icon: MailPlus, least: "admin", key: "i" },
      {
        to: "/audit-events",
        label: "Audit record",
        icon: ScrollText,
        least: "admin",
        key: "a",
        lead: "Who did what, and what it was before.",
      },
    ],
  },
  {
    title: "You",
    entries: [
      { to: "/tokens", label: "Personal tokens", icon: KeyRound, least: "viewer" },
      { to: "/roles", label: "What roles may do", icon: CircleHelp, least: "viewer" },
    ],
  },
];

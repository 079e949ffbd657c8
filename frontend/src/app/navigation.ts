import { Database, House, type LucideIcon } from "lucide-react";
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
        to: "/connections",
        label: "Connections",
        icon: Database,
        least: "editor",
        key: "c",
        lead: "The databases that can be asked, and the logins for them.",
      },
    ],
  },
];

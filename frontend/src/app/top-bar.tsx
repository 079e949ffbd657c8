import { Link, useMatches } from "@tanstack/react-router";
import { ChevronRight, Menu as MenuIcon, Search } from "lucide-react";
import { Suspense, useState } from "react";
import type { User } from "@/api/session";
import { IconButton } from "@/components/button";
import { Keys } from "@/components/keys";
import { lazyPart } from "@/components/lazy-part";
import { useNamedTitle } from "@/lib/page-title";
import { UserButton } from "./user-button";

// After the first paint; until then the button stands there alone, and remembers a press.
const UserMenu = lazyPart(async () => (await import("./user-menu")).UserMenu);

export interface TopBarProps {
  user: User;
  onOpenMenu: () => void;
  onOpenPalette: () => void;
  onOpenHelp: () => void;
}

export function TopBar({ user, onOpenMenu, onOpenPalette, onOpenHelp }: TopBarProps) {
  const [isMenuAsked, setMenuAsked] = useState(false);
  return (
    <header className="sticky top-0 z-20 flex h-12 items-center gap-2 border-b border-line bg-canvas px-3 sm:px-5">
      <IconButton icon={MenuIcon} label="Menu" onClick={onOpenMenu} className="-ml-1.5 lg:hidden" />
      <Breadcrumbs />
      <div className="ml-auto flex items-center gap-1">
        <button
          type="button"
          onClick={onOpenPalette}
          className="flex h-8 items-center gap-2 rounded-md px-2 text-sm text-quiet hover:text-ink sm:border sm:border-line sm:bg-surface"
        >
          <Search aria-hidden size={15} />
          <span className="max-sm:sr-only">Go to or do</span>
          <span className="max-sm:hidden" aria-hidden>
            <Keys keys="Mod+K" />
          </span>
        </button>
        <Suspense fallback={<UserButton name={user.name} onClick={() => setMenuAsked(true)} />}>
          <UserMenu user={user} onOpenHelp={onOpenHelp} isOpenAtFirst={isMenuAsked} />
        </Suspense>
      </div>
    </header>
  );
}

function Breadcrumbs() {
  const crumbs = useMatches({
    select: (matches) =>
      matches.flatMap(({ staticData, pathname }) =>
        staticData.title ? [{ title: staticData.title, to: pathname }] : [],
      ),
    structuralSharing: true,
  });
  const named = useNamedTitle();
  return (
    <nav aria-label="Breadcrumbs" className="min-w-0">
      <ol className="flex min-w-0 items-center gap-1.5 text-sm">
        {crumbs.map(({ title, to }, index) => {
          const isLast = index === crumbs.length - 1;
          return (
            <li key={to} className="flex min-w-0 items-center gap-1.5">
              {index > 0 && <ChevronRight aria-hidden size={14} className="shrink-0 text-quiet" />}
              {isLast ? (
                <span aria-current="page" className="truncate font-medium">
                  {named ?? title}
                </span>
              ) : (
                <Link to={to} className="truncate text-quiet hover:text-ink">
                  {title}
                </Link>
              )}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

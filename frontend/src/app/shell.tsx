import { Outlet, useMatches } from "@tanstack/react-router";
import { Suspense, useMemo, useState } from "react";
import type { User } from "@/api/session";
import { hasRole, useSession } from "@/api/use-session";
import { lazyPart } from "@/components/lazy-part";
import { type Shortcut, useShortcuts } from "@/lib/shortcuts";
import { useAppCommands } from "./app-commands";
import { ForbiddenPage } from "./forbidden-page";
import { NetworkBanner } from "./network-banner";
import { useSessionWatch } from "./session-watcher";
import type { ShellOverlay } from "./shell-overlays";
import { Sidebar } from "./sidebar";
import { TopBar } from "./top-bar";

// After the first paint: nobody needs them sooner.
const ShellOverlays = lazyPart(async () => (await import("./shell-overlays")).ShellOverlays);

/** What stands around every page of who is signed in. */
export function Shell() {
  useSessionWatch();
  const { user } = useSession();
  return user ? <SignedIn user={user} /> : null;
}

function SignedIn({ user }: { user: User }) {
  const [open, setOpen] = useState<ShellOverlay>(null);
  useAppCommands(user);
  useShortcuts(
    useMemo<Shortcut[]>(
      () => [
        {
          keys: "Mod+K",
          title: "Commands",
          group: "Everywhere",
          run: () => setOpen((now) => (now === "palette" ? null : "palette")),
        },
        {
          keys: "?",
          title: "This help",
          group: "Everywhere",
          run: () => setOpen("help"),
        },
      ],
      [],
    ),
  );
  return (
    <div className="lg:grid lg:min-h-dvh lg:grid-cols-[14rem_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only rounded-md bg-sun px-3 py-2 text-sun-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50"
      >
        Skip to the content
      </a>
      <div className="border-r border-line bg-sunken max-lg:hidden">
        <div className="sticky top-0 h-dvh">
          <Sidebar user={user} />
        </div>
      </div>
      <div className="flex min-w-0 flex-col">
        <TopBar
          user={user}
          onOpenMenu={() => setOpen("menu")}
          onOpenPalette={() => setOpen("palette")}
          onOpenHelp={() => setOpen("help")}
        />
        <NetworkBanner />
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <Permitted user={user} />
        </main>
      </div>
      <Suspense>
        <ShellOverlays user={user} open={open} onOpen={setOpen} />
      </Suspense>
    </div>
  );
}

/** The page, or why the person's role does not have it. */
function Permitted({ user }: { user: User }) {
  const least = useMatches({
    select: (matches) => matches.findLast(({ staticData }) => staticData.least)?.staticData.least,
  });
  return least && !hasRole(user, least) ? <ForbiddenPage least={least} /> : <Outlet />;
}

import { Outlet, useMatches } from "@tanstack/react-router";
import { Suspense, useEffect, useRef } from "react";
import { lazyPart } from "@/components/lazy-part";
import { LiveRegion } from "@/components/live-region";
import { announce } from "@/lib/announce";
import { useNamedTitle } from "@/lib/page-title";

// After the first paint: nobody needs them sooner.
const RootHosts = lazyPart(async () => (await import("./root-hosts")).RootHosts);

/** What every page has: its title, and where notices and questions appear. */
export function RootLayout() {
  useDocumentTitle();
  return (
    <>
      <Outlet />
      <LiveRegion />
      <Suspense>
        <RootHosts />
      </Suspense>
    </>
  );
}

/** `Shop · Connections · Heliograph`; a page that follows another one is read out. */
function useDocumentTitle(): void {
  const titles = useMatches({
    select: (matches) =>
      matches.flatMap(({ staticData }) => (staticData.title ? [staticData.title] : [])),
    structuralSharing: true,
  });
  const named = useNamedTitle();
  const title = named ?? titles.at(-1);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = title ? `${title} · Heliograph` : "Heliograph";
    if (title && !isFirst.current) {
      announce(title);
    }
    isFirst.current = title === undefined;
  }, [title]);
}

import { Outlet, useMatches } from "@tanstack/react-router";
import { useEffect } from "react";
import { LiveRegion } from "@/components/live-region";

export function RootLayout() {
  useDocumentTitle();
  return (
    <>
      <Outlet />
      <LiveRegion />
    </>
  );
}

/** `Connections · Heliograph`: the innermost route that has a title names the window. */
function useDocumentTitle(): void {
  const title = useMatches({
    select: (matches) => matches.findLast((match) => match.staticData.title)?.staticData.title,
  });
  useEffect(() => {
    document.title = title ? `${title} · Heliograph` : "Heliograph";
  }, [title]);
}

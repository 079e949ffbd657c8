import { Link } from "@tanstack/react-router";
import { ArrowRight, Inbox } from "lucide-react";
import { hasRole, useUser } from "@/api/use-session";
import { EmptyState } from "@/components/empty-state";
import { Keys } from "@/components/keys";
import { Page } from "@/components/page";
import { HealthPanel } from "@/features/home/health-panel";
import { navigation } from "./navigation";

/** Where one starts: what one may do here, as cards that lead on. */
export function HomePage() {
  const user = useUser();
  const cards = navigation
    .flatMap((section) => section.entries)
    .filter((entry) => entry.lead && hasRole(user, entry.least));
  return (
    <Page
      title={`Welcome, ${user.name}`}
      lead={hasRole(user, "editor") ? <PaletteHint /> : undefined}
      width="narrow"
    >
      <div className="flex flex-col gap-4">
        {cards.length > 0 && (
          <ul className="grid gap-3 sm:grid-cols-2">
            {cards.map(({ to, label, icon: Icon, lead }) => (
              <li key={to}>
                <Link
                  to={to}
                  className="group flex h-full gap-3.5 rounded-lg border border-line bg-surface p-4 shadow-low transition-colors hover:border-line-strong"
                >
                  <Icon aria-hidden size={20} className="mt-0.5 shrink-0 text-quiet" />
                  <span className="min-w-0 flex-1">
                    <span className="flex items-center justify-between gap-2 font-semibold">
                      {label}
                      <ArrowRight
                        aria-hidden
                        size={16}
                        className="text-quiet transition-transform group-hover:translate-x-0.5"
                      />
                    </span>
                    <span className="mt-0.5 block text-quiet">{lead}</span>
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )}
        {!hasRole(user, "editor") && (
          <div className="rounded-lg border border-line bg-surface">
            <EmptyState
              icon={Inbox}
              title="Nothing is shared with you yet"
              detail={
                <>
                  As a viewer you see what editors have saved and shared with you or with a group of
                  yours. Ask them for it: they find you as{" "}
                  <span className="font-medium text-ink">{user.email}</span>.
                </>
              }
            />
          </div>
        )}
        {hasRole(user, "admin") && <HealthPanel />}
      </div>
    </Page>
  );
}

function PaletteHint() {
  return (
    <>
      <Keys keys="Mod+K" /> goes anywhere, <Keys keys="?" /> shows the keys.
    </>
  );
}

import { Link } from "@tanstack/react-router";
import type { User } from "@/api/session";
import { hasRole } from "@/api/use-session";
import { Mark } from "@/components/mark";
import { navigation } from "./navigation";

/** Where one can go. `onGo` closes it where it lies over the page. */
export function Sidebar({ user, onGo }: { user: User; onGo?: () => void }) {
  const sections = navigation
    .map((section) => ({
      ...section,
      entries: section.entries.filter((entry) => hasRole(user, entry.least)),
    }))
    .filter((section) => section.entries.length > 0);
  return (
    <nav aria-label="Main" className="flex h-full flex-col gap-5 overflow-y-auto px-3 py-3.5">
      <Link
        to="/"
        {...(onGo ? { onClick: onGo } : {})}
        className="flex items-center gap-2.5 rounded-md px-2 py-1 font-semibold tracking-tight"
      >
        <Mark /> Heliograph
      </Link>
      {sections.map((section) => (
        <div key={section.title ?? ""}>
          {section.title && (
            <h2 className="mb-1 px-2.5 text-xs font-medium tracking-normal text-quiet">
              {section.title}
            </h2>
          )}
          <ul className="flex flex-col gap-0.5">
            {section.entries.map(({ to, label, icon: Icon }) => (
              <li key={to}>
                <Link
                  to={to}
                  activeOptions={{ exact: hasPagesOfOthers(to) }}
                  {...(onGo ? { onClick: onGo } : {})}
                  className="nav-link group relative flex h-8 items-center gap-2.5 rounded-md px-2.5 text-quiet hover:bg-hover hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:font-medium aria-[current=page]:text-ink"
                >
                  <Icon aria-hidden size={16} className="shrink-0" />
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** Whether other entries stand below its address, so that it must not be marked on their pages. */
function hasPagesOfOthers(to: string): boolean {
  const below = to === "/" ? "/" : `${to}/`;
  return navigation.some(({ entries }) =>
    entries.some((entry) => entry.to !== to && entry.to.startsWith(below)),
  );
}

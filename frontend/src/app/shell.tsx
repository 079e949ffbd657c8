import { Link, Outlet } from "@tanstack/react-router";
import { session } from "@/api/client";
import { hasRole, useUser } from "@/api/use-session";
import { Button } from "@/components/button";
import { Mark } from "@/components/mark";
import { navigation } from "./navigation";

/** What stands around every page of who is signed in. */
export function Shell() {
  const user = useUser();
  return (
    <div className="flex min-h-dvh">
      <nav aria-label="Main" className="w-56 shrink-0 border-r border-line bg-sunken p-3">
        <p className="mb-4 flex items-center gap-2 px-2 font-semibold">
          <Mark /> Heliograph
        </p>
        {navigation.map((section) => (
          <ul key={section.title ?? ""}>
            {section.entries
              .filter((entry) => hasRole(user, entry.least))
              .map(({ to, label, icon: Icon }) => (
                <li key={to}>
                  <Link to={to} className="flex items-center gap-2 rounded-md px-2 py-1.5">
                    <Icon aria-hidden size={16} /> {label}
                  </Link>
                </li>
              ))}
          </ul>
        ))}
        <Button size="sm" onClick={() => void session.signOut()}>
          Sign out
        </Button>
      </nav>
      <main className="min-w-0 flex-1">
        <Outlet />
      </main>
    </div>
  );
}

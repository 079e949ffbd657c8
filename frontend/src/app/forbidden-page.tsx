import { Link } from "@tanstack/react-router";
import { ShieldAlert } from "lucide-react";
import type { Role } from "@/api/session";
import { useUser } from "@/api/use-session";
import { buttonClasses } from "@/components/button";
import { EmptyState } from "@/components/empty-state";

const WHAT: Record<Role, string> = {
  admin: "Admins look after people, groups and the audit record.",
  editor: "Editors connect databases and write SQL.",
  viewer: "Viewers see what is shared with them.",
};

/** Instead of a page that the person's role does not have: why, and who can change it. */
export function ForbiddenPage({ least }: { least: Role }) {
  const user = useUser();
  return (
    <div className="mx-auto max-w-xl py-8">
      <h1 className="sr-only">Not for your role</h1>
      <EmptyState
        icon={ShieldAlert}
        title={`This page is for ${least}s`}
        detail={
          <>
            <p>
              {WHAT[least]} You are signed in as {user.email}, with the role {user.role}.
            </p>
            <p className="mt-2">
              An admin can give you another role.{" "}
              <Link to="/roles" className="link">
                What each role may do
              </Link>
            </p>
          </>
        }
        action={
          <Link to="/" className={buttonClasses("secondary")}>
            Go home
          </Link>
        }
      />
    </div>
  );
}

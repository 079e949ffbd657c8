import { Link } from "@tanstack/react-router";
import { Telescope } from "lucide-react";
import { buttonClasses } from "@/components/button";
import { EmptyState } from "@/components/empty-state";

export function NotFoundPage() {
  return (
    <div className="mx-auto max-w-xl py-8">
      <h1 className="sr-only">There is nothing here</h1>
      <EmptyState
        icon={Telescope}
        title="There is nothing here"
        detail="No page has this address, or what it showed was deleted or is not shared with you."
        action={
          <Link to="/" className={buttonClasses("secondary")}>
            Go home
          </Link>
        }
      />
    </div>
  );
}

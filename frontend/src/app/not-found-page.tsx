import { Link } from "@tanstack/react-router";
import { buttonClasses } from "@/components/button";

export function NotFoundPage() {
  return (
    <main className="mx-auto max-w-md px-4 py-20">
      <h1 className="text-xl">There is nothing here</h1>
      <p className="mt-2 text-quiet">
        No page has this address, or what it showed was deleted or is not shared with you.
      </p>
      <p className="mt-5">
        <Link to="/" className={buttonClasses("secondary")}>
          Go home
        </Link>
      </p>
    </main>
  );
}

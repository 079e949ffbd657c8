import { Link, type LinkProps } from "@tanstack/react-router";

export interface TabLink {
  label: string;
  search: Record<string, string | undefined>;
  isActive: boolean;
}

/** Links that show other parts of one page; which part is shown stands in the URL. */
export function TabLinks({ label, tabs }: { label: string; tabs: readonly TabLink[] }) {
  return (
    <nav aria-label={label} className="mb-5 flex gap-1 border-b border-line">
      {tabs.map((tab) => (
        <Link
          key={tab.label}
          to="."
          search={tab.search as LinkProps["search"] & Record<string, string | undefined>}
          aria-current={tab.isActive ? "page" : undefined}
          className={
            tab.isActive
              ? "-mb-px flex h-9 items-center border-b-2 border-sun px-3 font-medium"
              : "-mb-px flex h-9 items-center border-b-2 border-transparent px-3 text-quiet hover:text-ink"
          }
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}

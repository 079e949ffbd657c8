import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

export interface PageProps {
  title: string;
  /** One sentence, where the title does not say enough. */
  lead?: ReactNode;
  /** Buttons at the right of the title: the primary one last. */
  actions?: ReactNode;
  /** Forms and prose read best narrow; lists and grids take the whole width. */
  width?: "narrow" | "full";
  children: ReactNode;
}

/** A page of the app: its heading, its actions, its content. */
export function Page({ title, lead, actions, width = "full", children }: PageProps) {
  return (
    <div className={cn("mx-auto w-full px-4 py-6 sm:px-6", width === "narrow" && "max-w-3xl")}>
      <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 className="text-xl">{title}</h1>
          {lead && <p className="mt-1 max-w-prose text-quiet">{lead}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

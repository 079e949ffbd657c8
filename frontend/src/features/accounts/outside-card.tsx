import type { ReactNode } from "react";
import { Mark } from "@/components/mark";
import { Ridge } from "./ridge";

export interface OutsideCardProps {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
}

/** The frame of pages for who is not signed in. */
export function OutsideCard({ title, lead, children }: OutsideCardProps) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-104 flex-col justify-center gap-7 px-4 py-10">
      <Ridge />
      <p className="flex items-center gap-3 text-lg font-semibold tracking-tight">
        <Mark size={32} /> Heliograph
      </p>
      <section className="rounded-lg border border-line bg-surface p-6 shadow-high sm:p-7">
        <h1 className="text-xl">{title}</h1>
        {lead && <p className="mt-1.5 text-quiet">{lead}</p>}
        <div className="mt-5">{children}</div>
      </section>
    </main>
  );
}

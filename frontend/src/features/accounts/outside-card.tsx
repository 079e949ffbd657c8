import type { ReactNode } from "react";
import { Mark } from "@/components/mark";

/** The frame of pages for who is not signed in. */
export function OutsideCard({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-6 px-4 py-10">
      <p className="flex items-center gap-3 text-lg font-semibold">
        <Mark size={32} /> Heliograph
      </p>
      <section className="rounded-lg border border-line bg-surface p-6 shadow-low">
        <h1 className="mb-5 text-xl">{title}</h1>
        {children}
      </section>
    </main>
  );
}

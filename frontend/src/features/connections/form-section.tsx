import { type ReactNode, useId } from "react";

/** A group of fields with its heading. */
export function FormSection(props: { title: string; lead?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="flex flex-col gap-4 rounded-lg border border-line bg-surface p-4 sm:p-5"
    >
      <header>
        <h2 id={id} className="text-base font-semibold">
          {props.title}
        </h2>
        {props.lead && <p className="mt-0.5 text-sm text-quiet">{props.lead}</p>}
      </header>
      {props.children}
    </section>
  );
}

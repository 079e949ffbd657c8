import type { ComponentProps } from "react";
import { initials } from "@/lib/initials";

/** The person's initials; what opens their menu. */
export function UserButton({ name, ...rest }: ComponentProps<"button"> & { name: string }) {
  return (
    <button
      type="button"
      {...rest}
      className="ml-1 grid size-8 place-items-center rounded-full border border-line bg-surface text-xs font-semibold hover:bg-hover"
    >
      <span aria-hidden>{initials(name)}</span>
      <span className="sr-only">You: {name}</span>
    </button>
  );
}

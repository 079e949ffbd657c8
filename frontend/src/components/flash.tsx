import { cn } from "@/lib/cn";

/** Something goes on: four dots that flash one after another. Say what beside it, in words. */
export function Flash({ isOnAccent = false }: { isOnAccent?: boolean }) {
  const dot = cn("!size-1.5", isOnAccent && "!bg-sun-ink");
  return (
    <span aria-hidden className="flash inline-flex items-center gap-1">
      <span className={dot} />
      <span className={dot} />
      <span className={dot} />
      <span className={dot} />
    </span>
  );
}

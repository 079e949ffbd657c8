import { cn } from "@/lib/cn";

/** The place of what is on its way, as large as it will be. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cn("block animate-pulse rounded-sm bg-hover", className)} />;
}

const widths = ["w-2/5", "w-3/5", "w-1/3", "w-1/2"];

export function SkeletonRows({ count = 6 }: { count?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col">
      {Array.from({ length: count }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows that are all alike.
        <div key={row} className="flex h-11 items-center border-b border-line px-3">
          <Skeleton className={cn("h-3.5", widths[row % widths.length])} />
        </div>
      ))}
    </div>
  );
}

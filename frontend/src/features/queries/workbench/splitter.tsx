import type { KeyboardEvent, PointerEvent } from "react";
import { cn } from "@/lib/cn";

export interface SplitterProps {
  /** What is made wider or higher: "Tables", "Editor". */
  label: string;
  direction: "row" | "column";
  /** Size in pixels of what stands before it. */
  size: number;
  least: number;
  most: number;
  onSize: (size: number) => void;
  className?: string;
}

const STEP = 24;

/** The edge between two panes: dragged, or moved by the arrow keys. */
export function Splitter({
  label,
  direction,
  size,
  least,
  most,
  onSize,
  className,
}: SplitterProps) {
  const isRow = direction === "row";
  const set = (wanted: number) => onSize(Math.round(Math.max(least, Math.min(wanted, most))));
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    const handle = event.currentTarget;
    const begun = isRow ? event.clientX : event.clientY;
    handle.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) =>
      set(size + (isRow ? moved.clientX : moved.clientY) - begun);
    handle.addEventListener("pointermove", move);
    handle.addEventListener(
      "lostpointercapture",
      () => handle.removeEventListener("pointermove", move),
      {
        once: true,
      },
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const [less, more] = isRow ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const next = { [less]: size - STEP, [more]: size + STEP, Home: least, End: most }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      set(next);
    }
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule cannot be moved.
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={isRow ? "vertical" : "horizontal"}
      aria-valuenow={size}
      aria-valuemin={least}
      aria-valuemax={most}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
      className={cn(
        "group relative z-10 shrink-0 touch-none bg-line transition-colors hover:bg-line-strong focus-visible:bg-focus",
        isRow ? "w-px cursor-col-resize" : "h-px cursor-row-resize",
        className,
      )}
    >
      <span
        aria-hidden
        className={cn("absolute", isRow ? "inset-y-0 -left-1 w-2.5" : "inset-x-0 -top-1 h-2.5")}
      />
    </div>
  );
}

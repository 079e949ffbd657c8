import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

export type Tone = "neutral" | "good" | "bad" | "warn" | "sun";

const tones: Record<Tone, string> = {
  neutral: "bg-sunken text-quiet border-line",
  good: "bg-good-soft text-good border-transparent",
  bad: "bg-bad-soft text-bad border-transparent",
  warn: "bg-warn-soft text-warn border-transparent",
  sun: "bg-sun-soft text-sun-text border-transparent",
};

export interface TagProps {
  /** The colour repeats what the words say; it never says it alone. */
  tone?: Tone;
  icon?: LucideIcon;
  children: ReactNode;
}

/** A short word about a thing: its state, its role. */
export function Tag({ tone = "neutral", icon: Icon, children }: TagProps) {
  return (
    <span
      className={cn(
        "inline-flex items-center gap-1 rounded-sm border px-1.5 text-xs leading-5 font-medium whitespace-nowrap",
        tones[tone],
      )}
    >
      {Icon && <Icon aria-hidden size={12} />}
      {children}
    </span>
  );
}

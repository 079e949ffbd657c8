import type { LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/cn";
import { Flash } from "./flash";

type Variant = "primary" | "secondary" | "quiet" | "danger";

const base =
  "relative inline-flex items-center justify-center gap-2 rounded-md font-medium whitespace-nowrap " +
  "transition-colors duration-100 select-none disabled:opacity-55 disabled:cursor-not-allowed " +
  "aria-disabled:opacity-55";

const variants: Record<Variant, string> = {
  primary: "bg-sun text-sun-ink enabled:hover:bg-sun-hover",
  secondary: "border border-line bg-surface text-ink shadow-low enabled:hover:bg-hover",
  quiet: "text-ink enabled:hover:bg-hover",
  danger: "border border-bad bg-surface text-bad enabled:hover:bg-bad-soft",
};

const sizes = { md: "h-9 px-3.5 text-base", sm: "h-7 px-2.5 text-sm" };

/** The classes of a button, for a link that looks like one. */
export function buttonClasses(variant: Variant = "secondary", size: keyof typeof sizes = "md") {
  return cn(base, variants[variant], sizes[size]);
}

export interface ButtonProps extends ComponentProps<"button"> {
  /** One primary button per screen: what the screen is for. */
  variant?: Variant;
  size?: keyof typeof sizes;
  icon?: LucideIcon;
  /** Its work is going on: it keeps its width and the focus, and does nothing meanwhile. */
  isPending?: boolean;
}

export function Button({
  variant = "secondary",
  size = "md",
  icon: Icon,
  isPending = false,
  className,
  children,
  onClick,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      aria-busy={isPending || undefined}
      aria-disabled={isPending || undefined}
      onClick={isPending ? (event) => event.preventDefault() : onClick}
      className={cn(buttonClasses(variant, size), className)}
    >
      <span className={cn("inline-flex items-center gap-2", isPending && "invisible")}>
        {Icon && <Icon aria-hidden size={size === "sm" ? 14 : 16} />}
        {children}
      </span>
      {isPending && (
        <span className="absolute inset-0 grid place-items-center">
          <Flash isOnAccent={variant === "primary"} />
        </span>
      )}
    </button>
  );
}

export interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  icon: LucideIcon;
  /** What it does, in words: read out, and shown as a tooltip by the browser. */
  label: string;
  size?: "md" | "sm";
  children?: ReactNode;
}

export function IconButton({
  icon: Icon,
  label,
  size = "md",
  className,
  ...rest
}: IconButtonProps) {
  return (
    <button
      type="button"
      title={label}
      {...rest}
      aria-label={label}
      className={cn(
        base,
        "text-quiet enabled:hover:bg-hover enabled:hover:text-ink",
        size === "sm" ? "size-7" : "size-9",
        className,
      )}
    >
      <Icon aria-hidden size={size === "sm" ? 15 : 18} />
    </button>
  );
}

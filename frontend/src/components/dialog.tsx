import { Dialog as BaseDialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { cn } from "@/lib/cn";
import { IconButton } from "./button";

export interface DialogProps {
  isOpen: boolean;
  /** Asked to close: Escape, the cross, a click beside it. Left out, it has no way out of itself. */
  onClose?: () => void;
  title: string;
  description?: ReactNode;
  /** Buttons, the primary one last. */
  footer?: ReactNode;
  size?: "sm" | "md" | "lg";
  children?: ReactNode;
}

const FIELD = ["input", "select", "textarea"].map((tag) => `${tag}:enabled`).join();
const widths = { sm: "max-w-sm", md: "max-w-lg", lg: "max-w-3xl" };

/** A dialog over the page; the focus stays in it, and goes back afterwards. */
export function Dialog({
  isOpen,
  onClose,
  title,
  description,
  footer,
  size = "md",
  children,
}: DialogProps) {
  const popup = useRef<HTMLDivElement>(null);
  const focusAtFirst = (by: "mouse" | "touch" | "pen" | "keyboard" | "") => {
    const box = popup.current;
    if (box?.contains(document.activeElement)) {
      return false; // A field has taken it by itself.
    }
    // A keyboard that comes up unasked hides half of a phone's dialog.
    return (by !== "touch" && box?.querySelector<HTMLElement>(FIELD)) || true;
  };
  return (
    <BaseDialog.Root
      open={isOpen}
      onOpenChange={(open) => {
        if (!open) {
          onClose?.();
        }
      }}
    >
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-40 bg-shade transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <BaseDialog.Viewport className="fixed inset-0 z-40 grid place-items-center overflow-y-auto p-3 sm:p-6">
          <BaseDialog.Popup
            ref={popup}
            initialFocus={focusAtFirst}
            className={cn(
              "flex w-full flex-col gap-4 rounded-lg border border-line bg-raised p-5 shadow-high outline-none",
              "transition duration-150 ease-flash data-ending-style:opacity-0 data-starting-style:translate-y-2 data-starting-style:opacity-0",
              widths[size],
            )}
          >
            <header className="flex items-start justify-between gap-3">
              <div className="min-w-0">
                <BaseDialog.Title className="text-lg">{title}</BaseDialog.Title>
                {description && (
                  <BaseDialog.Description render={<div />} className="mt-1 text-quiet">
                    {description}
                  </BaseDialog.Description>
                )}
              </div>
              {onClose && (
                <IconButton icon={X} label="Close" size="sm" onClick={onClose} className="-mt-1" />
              )}
            </header>
            {children}
            {footer && <footer className="flex flex-wrap justify-end gap-2">{footer}</footer>}
          </BaseDialog.Popup>
        </BaseDialog.Viewport>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  );
}

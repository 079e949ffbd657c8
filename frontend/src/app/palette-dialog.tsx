import { Dialog } from "@base-ui/react/dialog";
import { Suspense } from "react";
import { lazyPart } from "@/components/lazy-part";
import { Skeleton } from "@/components/skeleton";

// Its library comes when it is opened first.
const CommandPalette = lazyPart(async () => (await import("./command-palette")).CommandPalette);

export interface PaletteDialogProps {
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
}

export function PaletteDialog({ isOpen, onOpenChange }: PaletteDialogProps) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-shade transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="fixed inset-x-3 top-[10dvh] z-40 mx-auto max-w-xl overflow-hidden rounded-lg border border-line bg-raised shadow-high outline-none transition duration-100 data-ending-style:opacity-0 data-starting-style:-translate-y-1 data-starting-style:opacity-0">
          <Dialog.Title className="sr-only">Commands</Dialog.Title>
          <Suspense fallback={<Skeleton className="m-4 h-6 w-1/2" />}>
            <CommandPalette onDone={() => onOpenChange(false)} />
          </Suspense>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

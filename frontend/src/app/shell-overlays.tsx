import { Dialog } from "@base-ui/react/dialog";
import type { User } from "@/api/session";
import { SignInAgainDialog } from "@/features/accounts/sign-in-again-dialog";
import { HelpSheet } from "./help-sheet";
import { PaletteDialog } from "./palette-dialog";
import { Sidebar } from "./sidebar";

/** What lies over the page now. */
export type ShellOverlay = "palette" | "help" | "menu" | null;

export interface ShellOverlaysProps {
  user: User;
  open: ShellOverlay;
  onOpen: (overlay: ShellOverlay) => void;
}

/** Everything of the shell that may lie over a page. */
export function ShellOverlays({ user, open, onOpen }: ShellOverlaysProps) {
  const close = () => onOpen(null);
  return (
    <>
      <MenuDrawer isOpen={open === "menu"} onClose={close} user={user} />
      <PaletteDialog
        isOpen={open === "palette"}
        onOpenChange={(isOpen) => onOpen(isOpen ? "palette" : null)}
      />
      <HelpSheet isOpen={open === "help"} onClose={close} />
      <SignInAgainDialog />
    </>
  );
}

function MenuDrawer(props: { isOpen: boolean; onClose: () => void; user: User }) {
  return (
    <Dialog.Root open={props.isOpen} onOpenChange={(isOpen) => !isOpen && props.onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-shade transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Dialog.Popup className="fixed inset-y-0 left-0 z-40 w-64 max-w-[85vw] border-r border-line bg-sunken shadow-high outline-none transition-transform duration-150 ease-flash data-ending-style:-translate-x-full data-starting-style:-translate-x-full">
          <Dialog.Title className="sr-only">Menu</Dialog.Title>
          <Sidebar user={props.user} onGo={props.onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

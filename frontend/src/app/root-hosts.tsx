import { ConfirmHost } from "@/components/confirm-host";
import { ToastHost } from "@/components/toast-host";

/** Where questions and notices appear on every page. */
export function RootHosts() {
  return (
    <>
      <ConfirmHost />
      <ToastHost />
    </>
  );
}

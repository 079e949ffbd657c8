import { ConnectionPage } from "@/features/connections/connection-page";
import { SharingPanel } from "@/features/grants/sharing-panel";

/** A connection and who may use it: two features on one page. */
export function ConnectionWithSharing() {
  return (
    <ConnectionPage
      renderSharing={({ id, name }) => (
        <SharingPanel objectType="connection" objectId={id} objectName={name} />
      )}
    />
  );
}

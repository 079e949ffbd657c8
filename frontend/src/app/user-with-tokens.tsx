import { Panel } from "@/components/panel";
import { TokenList } from "@/features/tokens/token-list";
import { UserPage } from "@/features/users/user-page";

/** A person and their personal tokens: two features on one page. */
export function UserWithTokens() {
  return (
    <UserPage
      renderTokens={(user) => (
        <Panel title="Personal tokens" lead="They make them themselves; here they can be revoked.">
          <TokenList userId={user.id} emptyDetail={`${user.name} has none.`} />
        </Panel>
      )}
    />
  );
}

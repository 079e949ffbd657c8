import { getRouteApi } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { Button } from "@/components/button";
import { Page } from "@/components/page";
import { TokenDialog } from "./token-dialog";
import { TokenList } from "./token-list";

const route = getRouteApi("/shell/tokens");

export function TokensPage() {
  const { new: isNew } = route.useSearch();
  const navigate = route.useNavigate();
  const open = (isOpen: boolean) =>
    void navigate({ search: { new: isOpen || undefined }, replace: true });
  return (
    <Page
      title="Personal tokens"
      lead="For your scripts. A token acts as you do now, role and groups included, and never more than its scopes."
      actions={
        <Button variant="primary" icon={Plus} onClick={() => open(true)}>
          New token
        </Button>
      }
    >
      <TokenList
        emptyDetail="A token lets a script ask what you may ask, without your password."
        emptyAction={<Button onClick={() => open(true)}>Make a token</Button>}
      />
      {isNew && <TokenDialog onClose={() => open(false)} />}
    </Page>
  );
}

import { useUser } from "@/api/use-session";
import { Page } from "@/components/page";

export function HomePage() {
  const user = useUser();
  return (
    <Page title={`Welcome, ${user.name}`} width="narrow">
      <p className="text-quiet">You are signed in as {user.email}.</p>
    </Page>
  );
}

import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useSession } from "@/api/use-session";

/** When nobody is signed in any more, nothing of theirs stays: neither data nor the page. */
export function useSessionWatch(): void {
  const { status } = useSession();
  const client = useQueryClient();
  const router = useRouter();
  useEffect(() => {
    if (status === "signed-out") {
      client.clear();
      void router.invalidate(); // The shell's route leads to the sign-in page.
    }
  }, [status, client, router]);
}

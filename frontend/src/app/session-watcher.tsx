import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { session } from "@/api/client";
import { meQuery } from "@/api/get-me";
import { useSession } from "@/api/use-session";

/**
 * Keeps what is known of the person current. When nobody is signed in any more, nothing of theirs
 * stays: neither data nor the page.
 */
export function useSessionWatch(): void {
  const { status } = useSession();
  const client = useQueryClient();
  const router = useRouter();
  const { data: me } = useQuery({ ...meQuery, enabled: status !== "signed-out" });
  useEffect(() => {
    if (me) {
      session.correct(me);
    }
  }, [me]);
  useEffect(() => {
    if (status === "signed-out") {
      client.clear();
      void router.invalidate(); // The shell's route leads to the sign-in page.
    }
  }, [status, client, router]);
}

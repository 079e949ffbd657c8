import { useQueryClient } from "@tanstack/react-query";
import { CloudOff, Hourglass } from "lucide-react";
import { type ReactNode, useEffect, useEffectEvent, useState, useSyncExternalStore } from "react";
import { useReachability } from "@/api/reachability";
import { Button } from "@/components/button";

/** Says at the top why nothing comes: no network, no server, or a pause that the API asked for. */
export function NetworkBanner() {
  const isOnline = useSyncExternalStore(subscribe, () => navigator.onLine);
  const { isReached, pausedUntil } = useReachability();
  const seconds = useSecondsUntil(pausedUntil);
  const client = useQueryClient();
  const retry = () => void client.refetchQueries({ type: "active" });
  const onOnline = useEffectEvent(() => {
    if (!isReached) {
      retry();
    }
  });
  useEffect(() => {
    if (isOnline) {
      onOnline(); // Nobody else may ask for a while, and the banner would stay.
    }
  }, [isOnline]);
  if (!isOnline) {
    return (
      <Banner icon={<CloudOff aria-hidden size={16} />}>
        You are offline. What you have entered is kept; it goes on when the network is back.
      </Banner>
    );
  }
  if (!isReached) {
    return (
      <Banner icon={<CloudOff aria-hidden size={16} />}>
        <span>Heliograph does not answer. What you have entered is kept.</span>
        <Button size="sm" onClick={retry}>
          Try again
        </Button>
      </Banner>
    );
  }
  if (seconds > 0) {
    return (
      <Banner icon={<Hourglass aria-hidden size={16} />}>
        Too many requests in a short time. It goes on by itself in {seconds} s.
      </Banner>
    );
  }
  return null;
}

function Banner({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 border-b border-line bg-warn-soft px-4 py-2 text-warn"
    >
      {icon}
      {children}
    </div>
  );
}

function useSecondsUntil(until: number): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const count = () => setSeconds(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    count();
    if (until <= Date.now()) {
      return;
    }
    const timer = setInterval(count, 500);
    return () => clearInterval(timer);
  }, [until]);
  return seconds;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

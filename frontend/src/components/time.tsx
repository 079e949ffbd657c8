import { useEffect, useState } from "react";
import { exactTime, relativeTime } from "@/lib/times";

/** When something was, as people say it; the exact time and its zone on pointing at it. */
export function Time({ at }: { at: string }) {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((turn) => turn + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  const date = new Date(at);
  return (
    <time dateTime={at} title={exactTime(date)} className="whitespace-nowrap">
      {relativeTime(date)}
    </time>
  );
}

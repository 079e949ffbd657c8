import { useEffect, useState } from "react";
import { onAnnounce } from "@/lib/announce";

/** Where `announce()` is heard; once in the app. */
export function LiveRegion() {
  const [said, setSaid] = useState({ text: "", turn: 0 });
  useEffect(() => onAnnounce((text) => setSaid((before) => ({ text, turn: before.turn + 1 }))), []);
  // The key makes the same words twice be heard twice.
  return (
    <div role="status" aria-live="polite" className="sr-only">
      <span key={said.turn}>{said.text}</span>
    </div>
  );
}

import { Tag, type Tone } from "@/components/tag";

const tones: Record<string, Tone> = {
  succeeded: "good",
  failed: "bad",
  queued: "sun",
  running: "sun",
};

/** `Succeeded`, `Failed`, `Running`. */
export function StateTag({ state }: { state: string }) {
  return (
    <Tag tone={tones[state] ?? "neutral"}>{state.charAt(0).toUpperCase() + state.slice(1)}</Tag>
  );
}

import type { Level } from "./give-grant";

/** What a level lets people do, in words. */
export const LEVELS: readonly { value: Level; label: string }[] = [
  { value: "view", label: "May use it" },
  { value: "edit", label: "May change and share it" },
];

import type { Level } from "./give-grant";

/** What a level lets people do, in words. */
export const LEVELS: readonly { value: Level; label: string }[] = [
  { value: "view", label: "Can use it" },
  { value: "edit", label: "Can edit and share" },
];

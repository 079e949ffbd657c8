/** `Ada Lovelace` is `AL`. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return chosen.map((word) => [...(word ?? "")][0]?.toUpperCase() ?? "").join("");
}

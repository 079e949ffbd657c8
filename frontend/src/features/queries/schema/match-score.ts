/**
 * How well a name fits what was typed (in lower case), higher is better; null when it does not:
 * the name itself, its beginning, the beginning of a word in it, any part, the letters in order.
 */
export function matchScore(name: string, typed: string): number | null {
  if (typed === "") {
    return 0;
  }
  const lower = name.toLowerCase();
  const at = lower.indexOf(typed);
  if (at === 0) {
    return lower.length === typed.length ? 100 : 90 - Math.min(lower.length - typed.length, 20) / 4;
  }
  if (at > 0) {
    return lower.includes(`_${typed}`) ? 70 : 50;
  }
  return areInOrder(lower, typed) ? 20 : null;
}

/** The ranges of a name that what was typed stands for, as pairs of offsets; for marking them. */
export function matchRanges(name: string, typed: string): number[] {
  const [lower, wanted] = [name.toLowerCase(), typed.toLowerCase()];
  const at = lower.indexOf(wanted);
  if (wanted === "" || at >= 0) {
    return wanted === "" ? [] : [at, at + wanted.length];
  }
  const ranges: number[] = [];
  let from = 0;
  for (const letter of wanted) {
    const found = lower.indexOf(letter, from);
    if (found < 0) {
      return [];
    }
    ranges.push(found, found + letter.length);
    from = found + letter.length;
  }
  return ranges;
}

function areInOrder(name: string, typed: string): boolean {
  let from = 0;
  for (const letter of typed) {
    const found = name.indexOf(letter, from);
    if (found < 0) {
      return false;
    }
    from = found + letter.length;
  }
  return typed.length > 2;
}

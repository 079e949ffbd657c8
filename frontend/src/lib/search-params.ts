/**
 * What may stand in a URL, read without trust: a wrong value counts as none. A route's
 * `validateSearch` names each of its keys, as undefined where it is wrong: what it leaves out, the
 * router passes on as it came.
 */
export type RawSearch = Record<string, unknown>;

export function textParam(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") {
    return String(value); // The router reads `?q=12` as a number.
  }
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function oneOfParam<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}

export function wholeNumberParam(value: unknown, least = 0): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least
    ? value
    : undefined;
}

export function flagParam(value: unknown): true | undefined {
  return value === true ? true : undefined;
}

/** What may stand in a URL, read without trust: a wrong value counts as none. */
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

/** Leave out what is undefined, so that the URL stays short. */
export function compact<T extends RawSearch>(
  search: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

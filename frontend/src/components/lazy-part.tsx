import { type ComponentType, createElement, type FunctionComponent, use } from "react";
import { Outdated, Unreachable } from "@/api/problem";
import { FileGone } from "@/lib/fetch-files";

/** A component whose code comes when it is first wanted. */
export type LazyPart<P> = FunctionComponent<P> & {
  /** Ask for the code, anew when it did not come before; never rejects. */
  preload: () => Promise<void>;
};

const failures = new Set<() => void>();

/** Let every part whose code did not come be asked for once more. */
export function retryParts(): void {
  for (const forget of failures) {
    forget();
  }
  failures.clear();
}

/**
 * Like `lazy` of React's, but a part whose code did not come is no failure for ever: it throws
 * `Unreachable`, or `Outdated`, until `retryParts` or `preload`. The window is never loaded anew.
 */
export function lazyPart<P extends object>(load: () => Promise<ComponentType<P>>): LazyPart<P> {
  const code = new Code(load);
  return Object.assign((props: P) => createElement(useCode(code), props), {
    preload: () => code.preload(),
  });
}

/** A page of a route, by its name in its module. */
export function lazyPage<T>(load: () => Promise<T>, name: keyof T): LazyPart<object> {
  // Nothing is inferred from the page itself, whose types know the routes.
  return lazyPart(async () => (await load())[name] as ComponentType);
}

class Code<P> {
  came: ComponentType<P> | undefined;
  failure: Error | undefined;
  #loading: Promise<void> | undefined;

  constructor(private readonly load: () => Promise<ComponentType<P>>) {}

  readonly forget = () => {
    this.failure = undefined;
  };

  preload(): Promise<void> {
    this.forget();
    return this.came ? Promise.resolve() : this.begin();
  }

  begin(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    try {
      this.came = await this.load();
    } catch (cause) {
      this.failure = cause instanceof FileGone ? new Outdated(cause) : new Unreachable(cause);
      failures.add(this.forget);
    }
  }
}

function useCode<P>(code: Code<P>): ComponentType<P> {
  if (!code.came && !code.failure) {
    use(code.begin());
  }
  if (!code.came) {
    throw code.failure;
  }
  return code.came;
}

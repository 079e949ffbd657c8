import { Problem, SignInDeclined, Unreachable } from "@/api/problem";
import { isOver, type Question, type Run } from "./run";

/** The requests that a run needs; tests give a fake. */
export interface RunApi {
  ask: (question: Question, signal: AbortSignal) => Promise<Run>;
  /** Wait up to so many seconds for the end, and tell how it is. */
  look: (id: string, waitSeconds: number, signal: AbortSignal) => Promise<Run>;
  cancel: (id: string) => Promise<Run>;
  askAgain: (id: string, signal: AbortSignal) => Promise<Run>;
  /** The latest run of the person's that asks just this and is not over: its answer is awaited. */
  findAsked: (question: Question) => Promise<string | null>;
}

export interface RunClock {
  now: () => number;
  /** Rejects when the signal is aborted. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Resolves when network or API are said to be back; an early look does no harm. */
  online: (signal: AbortSignal) => Promise<void>;
}

export type Phase = "idle" | "asking" | "waiting" | "over" | "refused";

/** Where a run is: what the page shows. */
export interface RunSnapshot {
  phase: Phase;
  question: Question | null;
  /** The run asked now, as last heard of. */
  run: Run | null;
  /** The last one that had rows: shown greyed below an error, and while the next one is awaited. */
  lastGood: Run | null;
  /** Milliseconds since 1970. */
  startedAt: number | null;
  endedAt: number | null;
  isCanceling: boolean;
  /** False while the API cannot be reached; it is asked again by itself. */
  isReached: boolean;
  /** Why the question was refused, or why nothing more can be learnt about it. */
  error: unknown;
}

export const NOTHING: RunSnapshot = {
  phase: "idle",
  question: null,
  run: null,
  lastGood: null,
  startedAt: null,
  endedAt: null,
  isCanceling: false,
  isReached: true,
  error: null,
};

// Often at first, because most end soon and a person looks on; then as long as the API waits.
const WAITS = [1, 2, 3, 5, 10, 25];
const LEAST_BETWEEN_LOOKS = 400;
const LONGEST_BACKOFF = 8000;
const MOST_FAULTS = 5;
const PASSING = new Set([502, 503, 504]);

/**
 * One tab's run, from the question to its end. Whatever happens on the way, it ends in `over` or
 * `refused`, or goes on asking and says that it does; every new question or `clear` begins anew.
 */
export class RunMachine {
  snapshot: RunSnapshot = NOTHING;
  private readonly listeners = new Set<() => void>();
  private attempt = new AbortController();

  constructor(
    private readonly api: RunApi,
    private readonly clock: RunClock,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get isBusy(): boolean {
    return this.snapshot.phase === "asking" || this.snapshot.phase === "waiting";
  }

  /** Ask. What was under way in this tab is cancelled first: nobody waits for it any more. */
  ask(question: Question): Promise<void> {
    const signal = this.begin(question);
    return this.follow(signal, () => this.api.ask(question, signal));
  }

  /** Ask the same once more; a run that was only lost sight of is looked for first. */
  retry(): Promise<void> {
    const { run, question } = this.snapshot;
    if (run && !isOver(run)) {
      return this.adopt(run);
    }
    if (run && (run.origin !== "query" || !question)) {
      return this.askAgain(run.id);
    }
    return question ? this.ask(question) : Promise.resolve();
  }

  /** Run a stored one again, with its values. */
  askAgain(id: string): Promise<void> {
    const signal = this.begin(this.snapshot.question);
    return this.follow(signal, () => this.api.askAgain(id, signal));
  }

  /** Show a run that began elsewhere, and follow it to its end. */
  adopt(run: Run): Promise<void> {
    const signal = this.begin(this.snapshot.question, run.id);
    return this.follow(signal, () => Promise.resolve(run));
  }

  /** Show a run of which only the id is known: the page was loaded anew. */
  async resume(id: string): Promise<void> {
    const signal = this.begin(this.snapshot.question, id);
    await this.follow(signal, () => this.api.look(id, 0, signal));
    const { error } = this.snapshot;
    if (!signal.aborted && error instanceof Problem && error.status === 404) {
      this.set(NOTHING); // Nobody has asked for anything yet: an empty tab says it best.
    }
  }

  /** End the run on the server. It stays in sight until the server says that it has ended. */
  async cancel(): Promise<void> {
    const { signal } = this.attempt;
    if (!this.isBusy || this.snapshot.isCanceling) {
      return;
    }
    this.change({ isCanceling: true });
    if (this.snapshot.phase === "asking") {
      await this.cancelAsked(signal);
    } else {
      await this.sendCancel(signal);
    }
  }

  /** Look no further; what the server does about it is not changed. */
  abandon(): void {
    this.attempt.abort();
    if (this.isBusy) {
      const error = this.snapshot.isReached ? null : new Unreachable(null);
      this.change({ phase: "refused", error, endedAt: this.clock.now(), isCanceling: false });
    }
  }

  /** Forget everything. */
  clear(): void {
    this.attempt.abort();
    this.set(NOTHING);
  }

  /** `next` is the run that is looked at from now on, when it is known already. */
  private begin(question: Question | null, next?: string): AbortSignal {
    const { run, lastGood } = this.snapshot;
    this.attempt.abort();
    if (this.isBusy && run && run.id !== next) {
      this.api.cancel(run.id).catch(() => undefined); // It ends by itself when nobody asks about it.
    }
    this.attempt = new AbortController();
    this.set({ ...NOTHING, phase: "asking", question, lastGood, startedAt: this.clock.now() });
    return this.attempt.signal;
  }

  private async follow(signal: AbortSignal, first: () => Promise<Run>): Promise<void> {
    try {
      let run = await first();
      for (let turn = 0; this.take(run, signal); turn++) {
        if (this.snapshot.isCanceling) {
          await this.sendCancel(signal);
        }
        run = await this.lookAgain(run.id, turn, signal);
      }
    } catch (error) {
      if (!signal.aborted) {
        const endedAt = this.clock.now();
        this.change({ phase: "refused", error, endedAt, isCanceling: false, isReached: true });
      }
    }
  }

  /** Show what was heard; true while there is more to hear. */
  private take(run: Run, signal: AbortSignal): boolean {
    if (signal.aborted || this.snapshot.phase === "over") {
      return false;
    }
    const done = isOver(run);
    const isGood = run.state === "succeeded" && run.rows !== null;
    this.change({
      run,
      phase: done ? "over" : "waiting",
      isReached: true,
      endedAt: done ? this.clock.now() : null,
      isCanceling: !done && this.snapshot.isCanceling,
      ...(isGood ? { lastGood: run } : {}),
    });
    return !done;
  }

  private async lookAgain(id: string, turn: number, signal: AbortSignal): Promise<Run> {
    const wait = this.snapshot.isCanceling ? 1 : (WAITS[turn] ?? 25);
    for (let failures = 0, faults = 0; ; ) {
      const begun = this.clock.now();
      try {
        const run = await this.api.look(id, wait, signal);
        const spare = LEAST_BETWEEN_LOOKS - (this.clock.now() - begun);
        if (!isOver(run) && spare > 0) {
          await this.clock.sleep(spare, signal); // The API answers at once to who waits for much.
        }
        return run;
      } catch (error) {
        signal.throwIfAborted();
        faults += isFault(error) ? 1 : 0;
        if (!isPassing(error) || faults > MOST_FAULTS) {
          throw error;
        }
        this.change({ isReached: !(error instanceof Unreachable) });
        await this.pause(error, failures++, signal);
      }
    }
  }

  private async pause(error: unknown, failures: number, signal: AbortSignal): Promise<void> {
    const asked = error instanceof Problem ? error.retryAfter : null;
    const wait = asked === null ? Math.min(500 * 2 ** failures, LONGEST_BACKOFF) : asked * 1000;
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const ways = [this.clock.sleep(wait, either)];
    if (error instanceof Unreachable) {
      ways.push(this.clock.online(either));
    }
    try {
      await Promise.race(ways);
    } finally {
      for (const way of ways) {
        way.catch(() => undefined);
      }
      over.abort();
    }
  }

  /** The answer with the id has not come yet: look for the run in the history until it has. */
  private async cancelAsked(signal: AbortSignal): Promise<void> {
    const { question } = this.snapshot;
    try {
      while (question && !signal.aborted && this.snapshot.phase === "asking") {
        const id = await this.api.findAsked(question);
        if (id && !signal.aborted && this.isBusy) {
          await this.api.cancel(id);
          return;
        }
        await this.clock.sleep(LEAST_BETWEEN_LOOKS, signal);
      }
    } catch {
      // Its answer is still awaited, and it is cancelled then.
    }
  }

  private async sendCancel(signal: AbortSignal): Promise<void> {
    const id = this.snapshot.run?.id;
    if (!id) {
      return;
    }
    try {
      this.take(await this.api.cancel(id), signal);
    } catch (error) {
      if (!signal.aborted && !isPassing(error)) {
        this.change({ isCanceling: false });
      }
    }
  }

  private change(part: Partial<RunSnapshot>): void {
    this.set({ ...this.snapshot, ...part });
  }

  private set(next: RunSnapshot): void {
    this.snapshot = next;
    for (const listener of this.listeners) {
      listener();
    }
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof SignInDeclined) {
    return false;
  }
  const isTold = error instanceof Problem && (PASSING.has(error.status) || error.status === 429);
  return error instanceof Unreachable || isTold || isFault(error);
}

/** A bug of the server's: asked again some times, not for ever. */
function isFault(error: unknown): boolean {
  return error instanceof Problem && error.status === 500;
}

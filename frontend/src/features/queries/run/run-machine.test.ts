// @vitest-environment node
import { describe, expect, test } from "vitest";
import { Problem, SignInDeclined, Unreachable } from "@/api/problem";
import type { Question, Run } from "./run";
import { type RunApi, type RunClock, RunMachine } from "./run-machine";

const QUESTION: Question = { connection_id: "c", sql: "select 1" };

function run(state: string, more: Partial<Run> = {}): Run {
  const rows = state === "succeeded" ? [[1]] : null;
  return { id: "r", state, origin: "query", rows, columns: null, error: null, ...more } as Run;
}

function problem(status: number, code = "unexpected", retryAfter: number | null = null): Problem {
  const body = { type: "", title: "", status, code, detail: code, errors: [], request_id: "q" };
  return new Problem(body as unknown as Problem["body"], retryAfter);
}

type Step = Run | Error | (() => Promise<Run>);

/** Gives the next step of its script at every look; the last one again and again. */
class Fake implements RunApi {
  calls: string[] = [];
  waits: number[] = [];
  onCancel: () => Promise<Run> = async () => run("canceled");
  /** What the history tells, look after look; the last one again and again. */
  asked: (string | null)[] = [null];

  constructor(
    private readonly first: Step,
    private readonly looks: Step[] = [],
  ) {}

  ask = () => this.play("ask", this.first);
  askAgain = (id: string) => this.play(`again ${id}`, this.first);
  look = (_: string, waitSeconds: number) => {
    this.waits.push(waitSeconds);
    const step = this.looks.length > 1 ? this.looks.shift() : this.looks[0];
    return this.play("look", step ?? run("succeeded"));
  };
  cancel = (id: string) => {
    this.calls.push(`cancel ${id}`);
    return this.onCancel();
  };
  findAsked = async () => {
    this.calls.push("find");
    return (this.asked.length > 1 ? this.asked.shift() : this.asked[0]) ?? null;
  };

  private play(name: string, step: Step): Promise<Run> {
    this.calls.push(name);
    return step instanceof Error
      ? Promise.reject(step)
      : typeof step === "function"
        ? step()
        : Promise.resolve(step);
  }
}

/** Sleeping takes no time, and is written down. */
function clock(): RunClock & { slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  return {
    slept,
    now: () => now,
    sleep: async (milliseconds, signal) => {
      signal.throwIfAborted();
      slept.push(milliseconds);
      now += milliseconds;
      await Promise.resolve();
    },
    online: () => new Promise(() => undefined),
  };
}

function later<T>() {
  return Promise.withResolvers<T>();
}

describe("a run", () => {
  test("that is quick is over with its answer", async () => {
    const api = new Fake(run("succeeded"));
    const machine = new RunMachine(api, clock());
    await machine.ask(QUESTION);
    const { phase, run: shown, lastGood, error } = machine.snapshot;
    expect([phase, shown?.state, lastGood?.id, error]).toEqual(["over", "succeeded", "r", null]);
    expect(api.calls).toEqual(["ask"]);
  });

  test("that takes long is looked at until it is over, and shows each step", async () => {
    const steps = [
      run("queued", { queue_position: 2 }),
      run("running", { rows_so_far: 7 }),
      run("succeeded"),
    ];
    const machine = new RunMachine(new Fake(run("queued"), steps), clock());
    const seen: string[] = [];
    machine.subscribe(() =>
      seen.push(`${machine.snapshot.phase} ${machine.snapshot.run?.state ?? ""}`),
    );
    await machine.ask(QUESTION);
    expect([...new Set(seen)]).toEqual([
      "asking ",
      "waiting queued",
      "waiting running",
      "over succeeded",
    ]);
  });

  test("is waited for shortly at first and long later", async () => {
    const api = new Fake(run("running"), [...Array(7).fill(run("running")), run("succeeded")]);
    await new RunMachine(api, clock()).ask(QUESTION);
    expect(api.waits).toEqual([1, 2, 3, 5, 10, 25, 25, 25]);
  });

  test("is not asked about in a tight loop where the API answers at once", async () => {
    const time = clock();
    const api = new Fake(run("running"), [run("running"), run("running"), run("succeeded")]);
    await new RunMachine(api, time).ask(QUESTION);
    expect(time.slept).toEqual([400, 400]);
  });

  test("that fails keeps the last good result", async () => {
    const machine = new RunMachine(new Fake(run("succeeded", { id: "good" })), clock());
    await machine.ask(QUESTION);
    await machine.adopt(run("failed", { id: "bad" }));
    expect([machine.snapshot.run?.id, machine.snapshot.lastGood?.id]).toEqual(["bad", "good"]);
  });

  test("that the API refuses says why, and can be asked again", async () => {
    const refused = problem(422, "parameter_missing");
    const machine = new RunMachine(new Fake(refused), clock());
    await machine.ask(QUESTION);
    expect([machine.snapshot.phase, machine.snapshot.error]).toEqual(["refused", refused]);
    await machine.retry();
    expect(machine.snapshot.phase).toBe("refused");
  });
});

describe("what comes between", () => {
  test.each([
    ["the network", new Unreachable(null)],
    ["the server, restarting", problem(503)],
    ["a proxy", problem(502)],
    ["too many requests", problem(429, "rate_limited", 3)],
    ["a bug of the server's", problem(500)],
  ])("%s is waited for, and the run goes on", async (_, error) => {
    const time = clock();
    const api = new Fake(run("running"), [error, error, run("succeeded")]);
    const machine = new RunMachine(api, time);
    await machine.ask(QUESTION);
    expect([machine.snapshot.phase, machine.snapshot.isReached]).toEqual(["over", true]);
    expect(time.slept).toEqual(
      error instanceof Problem && error.retryAfter ? [3000, 3000] : [500, 1000],
    );
  });

  test("while the network is away that is shown, and its return ends the wait at once", async () => {
    const back = later<void>();
    const asleep = later<void>();
    const time: RunClock = {
      ...clock(),
      sleep: (_, signal) =>
        new Promise((_resolve, reject) => {
          asleep.resolve();
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
      online: () => back.promise,
    };
    const machine = new RunMachine(
      new Fake(run("running"), [new Unreachable(null), run("succeeded")]),
      time,
    );
    const done = machine.ask(QUESTION);
    await asleep.promise;
    expect(machine.snapshot.isReached).toBe(false);
    back.resolve();
    await done;
    expect(machine.snapshot.phase).toBe("over");
  });

  test("a server that goes on failing is not asked for ever; Retry looks again", async () => {
    const looks: Step[] = [...Array(6).fill(problem(500)), run("succeeded")];
    const machine = new RunMachine(new Fake(run("running"), looks), clock());
    await machine.ask(QUESTION);
    expect([machine.snapshot.phase, machine.snapshot.run?.state]).toEqual(["refused", "running"]);
    await machine.retry();
    expect(machine.snapshot.phase).toBe("over");
  });

  test.each([
    ["a session that nobody renews", new SignInDeclined()],
    ["a run that is gone", problem(404, "not_found")],
    ["a right that was taken", problem(403, "forbidden")],
  ])("%s ends the wait and is told", async (_, error) => {
    const machine = new RunMachine(new Fake(run("running"), [error]), clock());
    await machine.ask(QUESTION);
    expect([machine.snapshot.phase, machine.snapshot.error]).toEqual(["refused", error]);
  });

  test("a worker that was lost is a run that failed", async () => {
    const lost = run("failed", { error: { code: "worker_lost" } as Run["error"] });
    const machine = new RunMachine(new Fake(run("running"), [lost]), clock());
    await machine.ask(QUESTION);
    expect([machine.snapshot.phase, machine.snapshot.run?.error?.code]).toEqual([
      "over",
      "worker_lost",
    ]);
  });
});

describe("cancel", () => {
  test("ends a run on the server, and shows it", async () => {
    const look = later<Run>();
    const api = new Fake(run("running"), [() => look.promise]);
    const machine = new RunMachine(api, clock());
    const done = machine.ask(QUESTION);
    await new Promise((resolve) => setTimeout(resolve));
    await machine.cancel();
    expect([machine.snapshot.phase, machine.snapshot.run?.state]).toEqual(["over", "canceled"]);
    look.resolve(run("running")); // An older answer that comes late changes nothing.
    await done;
    expect([machine.snapshot.run?.state, machine.isBusy]).toEqual(["canceled", false]);
  });

  test.each([
    ["finds the run in the history", 1],
    ["looks there until it is written down", 3],
  ])("before the answer with the id %s", async (_, times) => {
    const answer = later<Run>();
    const api = new Fake(() => answer.promise);
    api.asked = [...Array(times - 1).fill(null), "r"];
    const machine = new RunMachine(api, clock());
    const done = machine.ask(QUESTION);
    await machine.cancel();
    expect(machine.snapshot.isCanceling).toBe(true);
    answer.resolve(run("canceled"));
    await done;
    expect([api.calls, machine.snapshot.run?.state]).toEqual([
      ["ask", ...Array(times).fill("find"), "cancel r"],
      "canceled",
    ]);
  });

  test("of what was not found yet is sent when its answer comes", async () => {
    const answer = later<Run>();
    const api = new Fake(() => answer.promise);
    const machine = new RunMachine(api, clock());
    const done = machine.ask(QUESTION);
    const canceled = machine.cancel();
    answer.resolve(run("running"));
    await Promise.all([done, canceled]);
    expect(api.calls).toContain("cancel r");
    expect(machine.snapshot.run?.state).not.toBe("running");
  });

  test("that does not reach the server is sent again until the run is over", async () => {
    let tries = 0;
    const api = new Fake(run("running"), [run("running"), run("running"), run("running")]);
    api.onCancel = async () => {
      tries += 1;
      if (tries < 3) {
        throw new Unreachable(null);
      }
      return run("canceled");
    };
    const answer = later<Run>();
    const machine = new RunMachine(Object.assign(api, { ask: () => answer.promise }), clock());
    const done = machine.ask(QUESTION);
    const canceled = machine.cancel();
    answer.resolve(run("running"));
    await Promise.all([done, canceled]);
    expect([tries, machine.snapshot.run?.state]).toEqual([3, "canceled"]);
  });

  test("of a run that has ended meanwhile shows its end", async () => {
    const api = new Fake(run("running"), [() => new Promise<Run>(() => undefined)]);
    api.onCancel = async () => run("succeeded");
    const machine = new RunMachine(api, clock());
    void machine.ask(QUESTION);
    await new Promise((resolve) => setTimeout(resolve));
    await machine.cancel();
    expect(machine.snapshot.run?.state).toBe("succeeded");
  });
});

describe("a tab", () => {
  test("that asks anew cancels what it waited for, and never shows its answer", async () => {
    const old = later<Run>();
    const api = new Fake(run("running", { id: "old" }), [() => old.promise]);
    const machine = new RunMachine(api, clock());
    const first = machine.ask(QUESTION);
    await new Promise((resolve) => setTimeout(resolve));
    const second = machine.adopt(run("succeeded", { id: "new" }));
    old.resolve(run("succeeded", { id: "old" }));
    await Promise.all([first, second]);
    expect(api.calls).toContain("cancel old");
    expect(machine.snapshot.run?.id).toBe("new");
  });

  test("that is told anew of the run it follows does not cancel it", async () => {
    const api = new Fake(run("running"), [() => new Promise<Run>(() => undefined)]);
    const machine = new RunMachine(api, clock());
    void machine.ask(QUESTION);
    await new Promise((resolve) => setTimeout(resolve));
    await machine.adopt(run("succeeded"));
    expect(api.calls).not.toContain("cancel r");
    expect(machine.snapshot.phase).toBe("over");
  });

  test("that is cleared forgets everything, also what comes late", async () => {
    const answer = later<Run>();
    const machine = new RunMachine(new Fake(() => answer.promise), clock());
    const done = machine.ask(QUESTION);
    machine.clear();
    answer.resolve(run("succeeded"));
    await done;
    expect([machine.snapshot.phase, machine.snapshot.lastGood]).toEqual(["idle", null]);
  });

  test("that was loaded anew finds its run; one that is gone leaves it empty", async () => {
    const found = new RunMachine(
      new Fake(run("running"), [run("running"), run("succeeded")]),
      clock(),
    );
    await found.resume("r");
    expect(found.snapshot.phase).toBe("over");
    const gone = new RunMachine(new Fake(run("running"), [problem(404)]), clock());
    await gone.resume("r");
    expect([gone.snapshot.phase, gone.snapshot.error]).toEqual(["idle", null]);
  });

  test("runs a view or a stored run again by its id", async () => {
    const api = new Fake(run("succeeded"));
    const machine = new RunMachine(api, clock());
    await machine.adopt(run("failed", { id: "v", origin: "view" }));
    await machine.retry();
    expect(api.calls).toEqual(["again v"]);
  });
});

import { api, session } from "@/api/client";
import { reachedAgain } from "@/api/reachability";
import { unwrap } from "@/api/transport";
import { isOver, type Question, type Run } from "./run";
import type { RunApi, RunClock } from "./run-machine";

/** How long a question waits for its answer; the run's steps are told afterwards. */
const ASK_SECONDS = 5;
/** A page of the grid; the rest is fetched as it is scrolled to. */
const FIRST_ROWS = 1000;

export const runApi: RunApi = {
  ask: (question, signal) =>
    asRun(
      api.POST("/api/queries", {
        body: {
          max_rows: null,
          cache_seconds: null,
          detached: false,
          time_zone: null,
          wait_seconds: ASK_SECONDS,
          limit: FIRST_ROWS,
          ...question,
        },
        signal,
      }),
    ),
  look: (id, waitSeconds, signal) =>
    asRun(
      api.GET("/api/queries/{query_id}", {
        params: {
          path: { query_id: id },
          query: { wait_seconds: waitSeconds, limit: FIRST_ROWS },
        },
        signal,
      }),
    ),
  cancel: (id) =>
    asRun(api.DELETE("/api/queries/{query_id}", { params: { path: { query_id: id } } })),
  askAgain: (id, signal) =>
    asRun(
      api.POST("/api/queries/{query_id}/again", {
        params: {
          path: { query_id: id },
          query: { wait_seconds: ASK_SECONDS, limit: FIRST_ROWS },
        },
        signal,
      }),
    ),
  findAsked: async ({ connection_id, sql }: Question) => {
    const user_id = session.state.user?.id;
    const query = { limit: 10, connection_id, ...(user_id ? { user_id } : {}) };
    const page = await unwrap(api.GET("/api/queries", { params: { query } }));
    const found = page.items.find((one) => one.sql === sql && !isOver(one as unknown as Run));
    return found?.id ?? null;
  },
};

/** The generated types take the triples of `cut_cells` for lists of any length. */
function asRun(answer: Promise<{ data?: unknown; error?: unknown; response: Response }>) {
  return unwrap(answer) as Promise<Run>;
}

export const browserClock: RunClock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
  online: (signal) =>
    Promise.race([
      reachedAgain(signal),
      new Promise<void>((resolve) => {
        globalThis.addEventListener("online", () => resolve(), { once: true, signal });
      }),
    ]),
};

import createClient from "openapi-fetch";
import { pauseUntil, reportReach } from "./reachability";
import type { paths } from "./schema";
import { Session } from "./session";
import { makeTransport } from "./transport";

export const session = new Session({
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
  storage: safeStorage(),
  channel: "BroadcastChannel" in globalThis ? new BroadcastChannel("heliograph.session") : null,
  exclusively: (work) =>
    navigator.locks ? navigator.locks.request("heliograph.session", work) : work(),
});

const transport = makeTransport(
  session,
  {
    onPause: (seconds) => pauseUntil(Date.now() + seconds * 1000),
    onReach: reportReach,
    sleep: (seconds, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, seconds * 1000);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      }),
  },
  (request) => fetch(request),
);

/** The API for who is signed in: `unwrap(api.GET("/api/users", { params: { query } }))`. */
export const api = createClient<paths>({ baseUrl: origin(), fetch: transport });

/** The routes for everybody: no token is sent, and a 401 is an answer like any other. */
export const publicApi = createClient<paths>({ baseUrl: origin() });

function origin(): string {
  return globalThis.location?.origin ?? "http://localhost";
}

function safeStorage(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

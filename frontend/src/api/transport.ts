import { problemOf, retryAfterSeconds, Unreachable } from "./problem";
import type { Session } from "./session";

export interface Hooks {
  sleep: (seconds: number, signal: AbortSignal) => Promise<void>;
  /** The API wants to be left alone for so long. */
  onPause: (seconds: number) => void;
  /** A request has reached the API, or has not. */
  onReach: (isReached: boolean) => void;
}

/** Longer than this nobody waits before a page: the refusal is shown instead. */
const LONGEST_PAUSE = 60;
const MOST_PAUSES = 3;

/**
 * Return a fetch that signs requests, renews the session when it was refused, and waits where the
 * API says so before it asks again. Only reading is repeated after a 429; what changes something is
 * sent again only after a 401, which says that it was not done.
 */
export function makeTransport(
  session: Session,
  hooks: Hooks,
  send: (request: Request) => Promise<Response>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const reach = (copy: Request) =>
      send(copy).then(
        (response) => {
          hooks.onReach(true);
          return response;
        },
        (error: unknown) => {
          if (request.signal.aborted) {
            throw error;
          }
          hooks.onReach(false);
          throw new Unreachable(error);
        },
      );
    let token = await session.token();
    let response = await reach(signed(request, token));
    if (response.status === 401) {
      token = await session.replace(token);
      response = await reach(signed(request, token));
    }
    for (let pauses = 0; response.status === 429 && pauses < MOST_PAUSES; pauses++) {
      const seconds = retryAfterSeconds(response.headers);
      if (request.method !== "GET" || seconds === null || seconds > LONGEST_PAUSE) {
        break;
      }
      hooks.onPause(seconds);
      await hooks.sleep(seconds, request.signal);
      response = await reach(signed(request, await session.token()));
    }
    return response;
  };
}

function signed(request: Request, token: string | null): Request {
  const copy = request.clone();
  if (token !== null) {
    copy.headers.set("Authorization", `Bearer ${token}`);
  }
  return copy;
}

/** For `publicApi`: tell a network that fails from an answer. */
export function reach<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw new Unreachable(error);
  });
}

/** What openapi-fetch answers, as data or as an exception. */
export async function unwrap<T>(
  answer: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) {
    throw problemOf(response, error);
  }
  return data as T;
}

import { Problem, problemOf, SignInDeclined, Unreachable } from "./problem";
import type { components } from "./schema";

export type User = components["schemas"]["UserAnswer"];
export type Role = components["schemas"]["Role"];
type SessionAnswer = components["schemas"]["SessionAnswer"];

export type SessionState =
  | { status: "unknown"; user: null }
  /** `hasLeft`: the person has signed out, here or in another tab. */
  | { status: "signed-out"; user: null; hasLeft: boolean }
  | { status: "signed-in"; user: User }
  /** It has ended on the server; the page stays, and asks for the password again. */
  | { status: "expired"; user: User };

/** What the session needs of its surroundings; tests bring their own. */
export interface Surroundings {
  fetch: (input: string, init: RequestInit) => Promise<Response>;
  now: () => number;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null;
  channel: Pick<BroadcastChannel, "postMessage" | "onmessage"> | null;
  /** Runs `work` while no other tab of this browser runs its own. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
}

type Message = { kind: "renewed"; answer: SessionAnswer; at: number } | { kind: "signed-out" };

const HINT = "heliograph.has-session";
/** Renewed so long before the access token ends, in milliseconds. */
const EARLY = 60_000;

/**
 * Who is signed in. The access token lives in this object alone; the refresh token is a cookie that
 * no script sees. However many requests find the token expired, it is renewed once.
 */
export class Session {
  #state: SessionState = { status: "unknown", user: null };
  #token: string | null = null;
  #endsAt = 0;
  #listeners = new Set<() => void>();
  #renewal: Promise<void> | null = null;
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
    if (around.channel) {
      around.channel.onmessage = (event: MessageEvent<Message>) => this.#heard(event.data);
    }
  }

  get state(): SessionState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  snapshot = (): SessionState => this.#state;

  /** Find out who is signed in, from the cookie; afterwards the status is known. */
  async start(): Promise<void> {
    if (this.#state.status !== "unknown") {
      return;
    }
    // Without a hint nobody has signed in here: asking would be refused for certain.
    if (this.#around.storage?.getItem(HINT) === null) {
      this.#forget();
      return;
    }
    try {
      await this.#renewOnce(null);
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      this.#forget();
    }
  }

  /** Return a token that was good a moment ago, renewed early when its end is near. */
  async token(): Promise<string | null> {
    if (this.#state.status === "expired") {
      await this.#signedInAgain();
    }
    const isEnding = this.#token !== null && this.#around.now() > this.#endsAt - EARLY;
    if (isEnding) {
      // Refused or unreachable: the request itself finds out, and tells.
      await this.#renewOnce(this.#token).catch(() => undefined);
    }
    return this.#token;
  }

  /**
   * The API did not believe `refused`: return another token. Asks for the password when the session
   * is over; throws `SignInDeclined` when the person leaves instead.
   */
  async replace(refused: string | null): Promise<string | null> {
    if (this.#token !== null && this.#token !== refused) {
      return this.#token;
    }
    try {
      await this.#renewOnce(refused);
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      this.#expire();
      await this.#signedInAgain();
    }
    return this.#token;
  }

  /** Take over what a sign-in, a set-up or an invitation has answered. */
  adopt(answer: SessionAnswer): void {
    this.#take(answer);
    this.#tell({ kind: "renewed", answer, at: this.#around.now() });
  }

  /** What is known of the person has changed: their name, their role. */
  correct({ id, name, role }: Pick<User, "id" | "name" | "role">): void {
    const { status, user } = this.#state;
    const isNews = user?.id === id && (user.name !== name || user.role !== role);
    if (status === "signed-in" && isNews) {
      this.#change({ status, user: { ...user, name, role } });
    }
  }

  async signOut(): Promise<void> {
    const response = await this.#send("DELETE", "/api/session");
    if (!response.ok && response.status !== 401) {
      throw problemOf(response, await response.json().catch(() => null));
    }
    this.#tell({ kind: "signed-out" });
    this.#forget({ hasLeft: true });
  }

  /** The person does not want to sign in again: they are signed out, also here. */
  decline(): void {
    this.#forget();
  }

  #renewOnce(refused: string | null): Promise<void> {
    this.#renewal ??= this.#around
      .exclusively(() => this.#renew(refused))
      .finally(() => {
        this.#renewal = null;
      });
    return this.#renewal;
  }

  async #renew(refused: string | null): Promise<void> {
    if (this.#token !== null && this.#token !== refused) {
      return; // Another tab was quicker while this one waited for its turn.
    }
    const response = await this.#send("POST", "/api/session/refresh");
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) {
      const problem = problemOf(response, body);
      // Only a refusal ends a session; a server that is overloaded says nothing about it.
      throw response.status === 401 || response.status === 403 ? problem : new Unreachable(problem);
    }
    this.adopt(body as SessionAnswer);
  }

  async #send(method: string, path: string): Promise<Response> {
    try {
      return await this.#around.fetch(path, {
        method,
        credentials: "same-origin",
        headers: { "Content-Type": "application/json" },
      });
    } catch (error) {
      throw new Unreachable(error);
    }
  }

  #take(answer: SessionAnswer): void {
    this.#token = answer.access_token;
    this.#endsAt = this.#around.now() + answer.expires_in * 1000;
    this.#around.storage?.setItem(HINT, "1");
    this.#change({ status: "signed-in", user: answer.user });
    for (const { resolve } of this.#waiting.splice(0)) {
      resolve();
    }
  }

  #forget({ hasLeft } = { hasLeft: false }): void {
    this.#token = null;
    this.#around.storage?.removeItem(HINT);
    this.#change({ status: "signed-out", user: null, hasLeft });
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new SignInDeclined());
    }
  }

  #expire(): void {
    this.#token = null;
    if (this.#state.user) {
      this.#change({ status: "expired", user: this.#state.user });
    } else {
      this.#forget();
    }
  }

  #signedInAgain(): Promise<void> {
    if (this.#state.status === "signed-out") {
      return Promise.reject(new SignInDeclined());
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #heard(message: Message): void {
    if (message.kind === "signed-out") {
      this.#forget({ hasLeft: true });
      return;
    }
    const isSomebodyElse = this.#state.user && this.#state.user.id !== message.answer.user.id;
    if (isSomebodyElse) {
      // What this page shows belongs to the other person.
      this.#forget();
      return;
    }
    this.#take(message.answer);
    this.#endsAt = message.at + message.answer.expires_in * 1000;
  }

  #tell(message: Message): void {
    this.#around.channel?.postMessage(message);
  }

  #change(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

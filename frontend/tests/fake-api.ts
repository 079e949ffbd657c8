import type { components } from "@/api/schema";
import { Session, type Surroundings, type User } from "@/api/session";

type Answer = () => Response | Promise<Response>;

export const ada: User = {
  id: "0190f0a0-0000-7000-8000-000000000001",
  email: "ada@example.com",
  name: "Ada Lovelace",
  role: "editor",
  is_active: true,
  created_at: "2026-01-01T00:00:00Z",
  last_signed_in_at: null,
  claims: null,
};

export function sessionAnswer(
  token: string,
  user: User = ada,
): components["schemas"]["SessionAnswer"] {
  return { access_token: token, expires_in: 600, user };
}

export function problemResponse(status: number, code: string, headers: HeadersInit = {}): Response {
  const body = {
    type: `urn:heliograph:error:${code}`,
    title: code,
    status,
    code,
    detail: `It said ${code}.`,
    errors: [],
    request_id: "request-1",
  };
  return Response.json(body, { status, headers });
}

/** A session whose network, clock, storage and other tabs are in the hands of the test. */
export class FakeWorld implements Surroundings {
  calls: string[] = [];
  answers: Answer[] = [];
  time = 1_000_000;
  kept = new Map<string, string>();
  sent: unknown[] = [];
  storage = {
    getItem: (key: string) => this.kept.get(key) ?? null,
    setItem: (key: string, value: string) => void this.kept.set(key, value),
    removeItem: (key: string) => void this.kept.delete(key),
  };
  channel = {
    postMessage: (message: unknown) => void this.sent.push(message),
    onmessage: null as ((this: BroadcastChannel, event: MessageEvent) => unknown) | null,
  };
  session: Session;

  constructor() {
    this.session = new Session(this);
  }

  now = () => this.time;

  exclusively = <T>(work: () => Promise<T>) => work();

  fetch = async (input: string, init: RequestInit): Promise<Response> => {
    this.calls.push(`${init.method} ${input}`);
    const answer = this.answers.shift();
    if (!answer) {
      throw new Error(`Nothing was prepared for ${init.method} ${input}.`);
    }
    return answer();
  };

  /** What another tab of the browser says. */
  hear(message: unknown): void {
    this.channel.onmessage?.call(
      this.channel as unknown as BroadcastChannel,
      new MessageEvent("message", { data: message }),
    );
  }
}

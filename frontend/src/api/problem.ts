import type { components } from "./schema";

export type ProblemBody = components["schemas"]["Problem"];
export type ProblemCode = ProblemBody["code"];

/** A request that the API refused, or that ended in a bug of its own. */
export class Problem extends Error {
  override name = "Problem";

  constructor(
    readonly body: ProblemBody,
    /** Seconds until the API wants to be asked again. */
    readonly retryAfter: number | null = null,
  ) {
    super(body.detail);
  }

  get code(): ProblemCode {
    return this.body.code;
  }

  get status(): number {
    return this.body.status;
  }

  /** What is wrong with one field: `path` is a JSON pointer (`/email`) or `?name`. */
  fieldError(path: string): string | undefined {
    return this.body.errors.find((error) => error.path === path)?.message;
  }
}

/** The API did not answer: no network, or nothing listens there. */
export class Unreachable extends Error {
  override name = "Unreachable";

  constructor(cause: unknown) {
    super("Heliograph does not answer. Check your network; what you have entered is kept.", {
      cause,
    });
  }
}

/** The server has another version of the app than this page, and the old one's code no more. */
export class Outdated extends Error {
  override name = "Outdated";

  constructor(cause: unknown) {
    super("What you have written in the SQL editor is kept.", { cause });
  }
}

/** The person has left the dialog that asks for the password again. */
export class SignInDeclined extends Error {
  override name = "SignInDeclined";

  constructor() {
    super("You are signed out.");
  }
}

/** Return what the answer's body says went wrong, also where a proxy has written it. */
export function problemOf(response: Response, body: unknown): Problem {
  return new Problem(
    isProblem(body) ? body : foreignProblem(response),
    retryAfterSeconds(response.headers),
  );
}

export function retryAfterSeconds(headers: Headers, now = Date.now()): number | null {
  const text = headers.get("retry-after");
  if (text === null) {
    return null;
  }
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null && "code" in body && "request_id" in body;
}

function foreignProblem(response: Response): ProblemBody {
  return {
    type: "urn:heliograph:error:unexpected",
    title: "Unexpected answer",
    status: response.status,
    code: "unexpected",
    detail: `The server answered ${response.status} without saying why.`,
    errors: [],
    request_id: response.headers.get("x-request-id") ?? "",
  };
}

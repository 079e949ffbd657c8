import { expect, test } from "vitest";
import { FakeWorld, problemResponse, sessionAnswer } from "../../tests/fake-api";
import { Problem, Unreachable } from "./problem";
import { makeTransport, unwrap } from "./transport";

interface Sent {
  method: string;
  token: string | null;
  body: string;
}

function transportWith(...answers: (() => Response | Promise<Response>)[]) {
  const world = new FakeWorld();
  world.session.adopt(sessionAnswer("first"));
  const sent: Sent[] = [];
  const slept: number[] = [];
  const paused: number[] = [];
  const reached: boolean[] = [];
  const transport = makeTransport(
    world.session,
    {
      sleep: async (seconds) => void slept.push(seconds),
      onPause: (seconds) => void paused.push(seconds),
      onReach: (isReached) => void reached.push(isReached),
    },
    async (request) => {
      const { method } = request;
      sent.push({
        method,
        token: request.headers.get("authorization"),
        body: await request.text(),
      });
      const answer = answers.shift();
      if (!answer) {
        throw new Error("Nothing was prepared.");
      }
      return answer();
    },
  );
  return { world, transport, sent, slept, paused, reached };
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable("it was to fail"),
    (error: Problem) => error,
  );
const get = () => new Request("http://app.example/api/users");
const post = () =>
  new Request("http://app.example/api/groups", { method: "POST", body: '{"name":"A"}' });
const ok = () => Response.json({ items: [] });

test("a request carries the token", async () => {
  const { transport, sent } = transportWith(ok);
  expect((await transport(get())).status).toBe(200);
  expect(sent).toEqual([{ method: "GET", token: "Bearer first", body: "" }]);
});

test.each([
  ["a GET", get, ""],
  ["a POST with its body", post, '{"name":"A"}'],
])("%s that was refused is sent again with a new token", async (_, request, body) => {
  const { world, transport, sent } = transportWith(() => problemResponse(401, "token_expired"), ok);
  world.answers.push(() => Response.json(sessionAnswer("second")));
  expect((await transport(request())).status).toBe(200);
  expect(sent.map(({ token }) => token)).toEqual(["Bearer first", "Bearer second"]);
  expect(sent[1]?.body).toBe(body);
});

test("a second refusal is an answer: nothing goes round in circles", async () => {
  const refuse = () => problemResponse(401, "token_invalid");
  const { world, transport, sent } = transportWith(refuse, refuse);
  world.answers.push(() => Response.json(sessionAnswer("second")));
  expect((await transport(get())).status).toBe(401);
  expect(sent).toHaveLength(2);
});

test("requests that met the end of the session are repeated after the password was given", async () => {
  const refuse = () => problemResponse(401, "session_revoked");
  const { world, transport, sent } = transportWith(refuse, refuse, ok, ok);
  world.answers.push(() => problemResponse(401, "session_revoked"));
  const answers = Promise.all([transport(get()), transport(post())]);
  await expect.poll(() => world.session.state.status).toBe("expired");
  world.session.adopt(sessionAnswer("again"));
  expect((await answers).map(({ status }) => status)).toEqual([200, 200]);
  expect(sent.slice(2).map(({ token }) => token)).toEqual(["Bearer again", "Bearer again"]);
  expect(
    sent
      .slice(2)
      .map(({ method }) => method)
      .toSorted(),
  ).toEqual(["GET", "POST"]);
});

test("reading waits as long as a 429 says, tells so, and asks again", async () => {
  const busy = () => problemResponse(429, "rate_limited", { "retry-after": "7" });
  const { transport, slept, paused } = transportWith(busy, ok);
  expect((await transport(get())).status).toBe(200);
  expect([slept, paused]).toEqual([[7], [7]]);
});

test.each([
  ["what changes something", post, "7"],
  ["a wait longer than a minute", get, "900"],
  ["a 429 that does not say how long", get, null],
])("%s is refused at once", async (_, request, after) => {
  const headers = after === null ? {} : { "retry-after": after };
  const { transport, slept } = transportWith(() => problemResponse(429, "rate_limited", headers));
  expect((await transport(request())).status).toBe(429);
  expect(slept).toEqual([]);
});

test("after three waits the refusal is shown", async () => {
  const busy = () => problemResponse(429, "rate_limited", { "retry-after": "1" });
  const { transport, slept } = transportWith(busy, busy, busy, busy);
  expect((await transport(get())).status).toBe(429);
  expect(slept).toEqual([1, 1, 1]);
});

test("a network that fails is told from an answer, and from a request that was taken back", async () => {
  const broken = () => Promise.reject(new TypeError("failed"));
  const failing = transportWith(broken, ok);
  await expect(failing.transport(get())).rejects.toThrow(Unreachable);
  await failing.transport(get());
  expect(failing.reached).toEqual([false, true]);

  const controller = new AbortController();
  const aborted = transportWith(() => {
    controller.abort();
    return Promise.reject(controller.signal.reason);
  });
  const request = new Request("http://app.example/", { signal: controller.signal });
  await expect(aborted.transport(request)).rejects.toThrow("aborted");
  expect(aborted.reached).toEqual([]);
});

test("what was answered becomes data or a problem with its code, wait and fields", async () => {
  const data = { items: [] };
  expect(await unwrap(Promise.resolve({ data, response: Response.json(data) }))).toBe(data);

  const response = problemResponse(429, "rate_limited", { "retry-after": "30" });
  const error = await response.clone().json();
  error.errors = [{ path: "/email", message: "is required" }];
  const problem = await caught(unwrap(Promise.resolve({ error, response })));
  expect(problem).toBeInstanceOf(Problem);
  expect([problem.code, problem.retryAfter]).toEqual(["rate_limited", 30]);
  expect(problem.fieldError("/email")).toBe("is required");
});

test("what a proxy answered in its own words is a problem all the same", async () => {
  const response = new Response("<h1>Bad gateway</h1>", { status: 502 });
  const problem = await caught(unwrap(Promise.resolve({ error: "<h1>", response })));
  expect([problem.status, problem.code]).toEqual([502, "unexpected"]);
});

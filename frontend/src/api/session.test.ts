import { expect, test } from "vitest";
import { ada, FakeWorld, problemResponse, sessionAnswer } from "../../tests/fake-api";
import { SignInDeclined, Unreachable } from "./problem";

function signedIn(): FakeWorld {
  const world = new FakeWorld();
  world.session.adopt(sessionAnswer("first"));
  return world;
}

test("who has never signed in here is signed out, and no request is made to learn it", async () => {
  const world = new FakeWorld();
  await world.session.start();
  expect(world.session.state.status).toBe("signed-out");
  expect(world.calls).toEqual([]);
});

test("a page that is loaded again finds its session by the cookie", async () => {
  const world = new FakeWorld();
  world.kept.set("heliograph.has-session", "1");
  world.answers.push(() => Response.json(sessionAnswer("token")));
  await world.session.start();
  expect(world.session.state).toEqual({ status: "signed-in", user: ada });
  expect(await world.session.token()).toBe("token");
});

test("a cookie that is refused means signed out, and is not tried again", async () => {
  const world = new FakeWorld();
  world.kept.set("heliograph.has-session", "1");
  world.answers.push(() => problemResponse(401, "session_revoked"));
  await world.session.start();
  expect(world.session.state.status).toBe("signed-out");
  expect(world.kept.size).toBe(0);
});

test("a server that does not answer at the start signs nobody out", async () => {
  const world = new FakeWorld();
  world.kept.set("heliograph.has-session", "1");
  world.answers.push(() => Promise.reject(new TypeError("no network")));
  await expect(world.session.start()).rejects.toThrow(Unreachable);
  expect(world.session.state.status).toBe("unknown");
  expect(world.kept.size).toBe(1);
});

test.each([502, 503])("a %i at the start signs nobody out either", async (status) => {
  const world = new FakeWorld();
  world.kept.set("heliograph.has-session", "1");
  world.answers.push(() => problemResponse(status, "overloaded"));
  await expect(world.session.start()).rejects.toThrow(Unreachable);
  expect(world.session.state.status).toBe("unknown");
});

test("however many requests find the token refused, it is renewed once", async () => {
  const world = signedIn();
  world.answers.push(() => Response.json(sessionAnswer("second")));
  const tokens = await Promise.all(
    Array.from({ length: 20 }, () => world.session.replace("first")),
  );
  expect(new Set(tokens)).toEqual(new Set(["second"]));
  expect(world.calls).toEqual(["POST /api/session/refresh"]);
});

test("a request that was refused with an older token takes the newer one, without renewing", async () => {
  const world = signedIn();
  world.session.adopt(sessionAnswer("second"));
  expect(await world.session.replace("first")).toBe("second");
  expect(world.calls).toEqual([]);
});

test("a token is renewed a minute before it ends, and not sooner", async () => {
  const world = signedIn();
  world.time += 539_000;
  expect(await world.session.token()).toBe("first");
  world.answers.push(() => Response.json(sessionAnswer("second")));
  world.time += 2000;
  expect(await world.session.token()).toBe("second");
});

test("an early renewal that fails leaves the old token to be tried", async () => {
  const world = signedIn();
  world.time += 550_000;
  world.answers.push(() => problemResponse(503, "overloaded"));
  expect(await world.session.token()).toBe("first");
  expect(world.session.state.status).toBe("signed-in");
});

test("when the session is over, requests wait for the password and go on afterwards", async () => {
  const world = signedIn();
  world.answers.push(() => problemResponse(401, "session_revoked"));
  const waiting = world.session.replace("first");
  await expect.poll(() => world.session.state).toEqual({ status: "expired", user: ada });
  const later = world.session.token();
  world.session.adopt(sessionAnswer("second"));
  expect(await Promise.all([waiting, later])).toEqual(["second", "second"]);
  expect(world.session.state.status).toBe("signed-in");
  expect(world.calls).toHaveLength(1);
});

test("who declines to sign in again is signed out, and what waited fails", async () => {
  const world = signedIn();
  world.answers.push(() => problemResponse(401, "session_revoked"));
  const waiting = world.session.replace("first");
  await expect.poll(() => world.session.state.status).toBe("expired");
  world.session.decline();
  await expect(waiting).rejects.toThrow(SignInDeclined);
  expect(world.session.state).toEqual({ status: "signed-out", user: null, hasLeft: false });
});

test("signing out ends the session on the server and tells other tabs", async () => {
  const world = signedIn();
  world.answers.push(() => new Response(null, { status: 204 }));
  await world.session.signOut();
  expect(world.calls).toEqual(["DELETE /api/session"]);
  expect(world.session.state).toEqual({ status: "signed-out", user: null, hasLeft: true });
  expect(world.sent.at(-1)).toEqual({ kind: "signed-out" });
});

test("a sign-out that does not reach the server leaves one signed in, and says so", async () => {
  const world = signedIn();
  world.answers.push(() => Promise.reject(new TypeError("no network")));
  await expect(world.session.signOut()).rejects.toThrow(Unreachable);
  expect(world.session.state.status).toBe("signed-in");
});

test("another tab that signs out signs this one out", () => {
  const world = signedIn();
  world.hear({ kind: "signed-out" });
  expect(world.session.state.status).toBe("signed-out");
});

test("a token that another tab has got is used here too, until it ends", async () => {
  const world = signedIn();
  world.hear({ kind: "renewed", answer: sessionAnswer("other"), at: world.time - 100_000 });
  expect(await world.session.token()).toBe("other");
  world.answers.push(() => Response.json(sessionAnswer("third")));
  world.time += 450_000;
  expect(await world.session.token()).toBe("third");
});

test("somebody else who signs in in another tab sees nothing of this page", () => {
  const world = signedIn();
  const eve = { ...ada, id: "0190f0a0-0000-7000-8000-000000000002", email: "eve@example.com" };
  world.hear({ kind: "renewed", answer: sessionAnswer("hers", eve), at: world.time });
  expect(world.session.state.status).toBe("signed-out");
});

test("a tab that waited for its turn takes what the other one got meanwhile", async () => {
  const world = new FakeWorld();
  const turns: (() => void)[] = [];
  world.exclusively = async (work) => {
    await new Promise<void>((resolve) => turns.push(resolve));
    return work();
  };
  world.session.adopt(sessionAnswer("first"));
  const waiting = world.session.replace("first");
  world.hear({ kind: "renewed", answer: sessionAnswer("other"), at: world.time });
  turns[0]?.();
  expect(await waiting).toBe("other");
  expect(world.calls).toEqual([]);
});

test("a role that has changed meanwhile is taken over, somebody else's is not", () => {
  const world = signedIn();
  world.session.correct({ ...ada, role: "viewer" });
  expect(world.session.state.user?.role).toBe("viewer");
  world.session.correct({ ...ada, id: "another", role: "admin" });
  expect(world.session.state.user?.role).toBe("viewer");
});

import { expect, test } from "vitest";
import { pauseUntil, reachedAgain, reportReach } from "./reachability";

async function isSettled(promise: Promise<void>): Promise<boolean> {
  return Promise.race([
    promise.then(() => true),
    new Promise<boolean>((no) => setTimeout(no, 0, false)),
  ]);
}

test("who waits for the API is told when any request reaches it, and not before", async () => {
  reportReach(false);
  const waiting = reachedAgain(new AbortController().signal);
  pauseUntil(1);
  reportReach(false);
  expect(await isSettled(waiting)).toBe(false);
  reportReach(true);
  await waiting;
});

test("who waits no more is told nothing", async () => {
  const over = new AbortController();
  reportReach(false);
  const waiting = reachedAgain(over.signal);
  over.abort();
  reportReach(true);
  expect(await isSettled(waiting)).toBe(false);
});

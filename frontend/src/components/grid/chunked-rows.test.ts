// @vitest-environment node
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Chunk, ChunkedRows } from "./chunked-rows";

interface Asked {
  offset: number;
  limit: number;
  signal: AbortSignal;
  answer: (rows?: number) => void;
  fail: (error: Error) => void;
}

let asked: Asked[];

function rowsOf(offset: number, count: number): Chunk {
  return { rows: Array.from({ length: count }, (_, at) => [offset + at]), cutCells: [] };
}

function load(offset: number, limit: number, signal: AbortSignal): Promise<Chunk> {
  return new Promise((resolve, reject) => {
    const answer = (rows = limit) => resolve(rowsOf(offset, rows));
    signal.addEventListener("abort", () => reject(signal.reason));
    asked.push({ offset, limit, signal, answer, fail: reject });
  });
}

function make(
  rowCount = 1_000_000,
  more: Partial<ConstructorParameters<typeof ChunkedRows>[0]> = {},
) {
  return new ChunkedRows({ rowCount, load, chunkSize: 100, keep: 4, restMs: 60, ...more });
}

const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  asked = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("ChunkedRows", () => {
  test("fetches what is shown first and its neighbours afterwards", async () => {
    const rows = make();
    rows.want(450, 480);
    expect(asked.map((one) => one.offset)).toEqual([400, 500]);
    asked[0]?.answer();
    await settled();
    expect(asked.map((one) => one.offset)).toEqual([400, 500, 300]);
    expect(rows.row(450)).toEqual([450]);
    expect(rows.row(500)).toBeUndefined();
  });

  test("fetches nothing of what flies past, and the newest of it at rest", async () => {
    const rows = make();
    rows.want(0, 30);
    for (const from of [10_000, 20_000, 30_000]) {
      rows.want(from, from + 30);
    }
    expect(asked.map((one) => one.offset)).toEqual([0, 100]);
    expect(asked.every((one) => one.signal.aborted)).toBe(true);
    await vi.advanceTimersByTimeAsync(100);
    expect(asked.slice(2).map((one) => one.offset)).toEqual([30_000, 30_100]);
  });

  test("asks for the rest where a page ends early", async () => {
    const rows = make(250);
    rows.want(200, 230);
    expect(asked[0]).toMatchObject({ offset: 200, limit: 50 });
    asked[0]?.answer(20);
    await settled();
    expect(asked.at(-1)).toMatchObject({ offset: 220, limit: 30 });
    expect(rows.row(210)).toBeUndefined();
    asked.at(-1)?.answer();
    await settled();
    expect(rows.row(249)).toEqual([249]);
  });

  test("keeps a bounded number of chunks, and those that are shown", async () => {
    const rows = make();
    for (const from of [0, 1000, 2000, 3000, 4000]) {
      rows.want(from, from + 10);
      await vi.advanceTimersByTimeAsync(100);
      for (const one of asked) {
        one.answer();
      }
      await settled();
    }
    expect(rows.row(4005)).toEqual([4005]);
    expect(rows.row(5)).toBeUndefined();
  });

  test("tells of a failure, keeps what it has, and goes on after retry", async () => {
    const rows = make();
    const heard = vi.fn();
    rows.onChange(heard);
    rows.want(0, 10);
    asked[0]?.answer();
    asked[1]?.fail(new Error("away"));
    await settled();
    expect(rows.failure).toEqual(new Error("away"));
    expect(rows.row(5)).toEqual([5]);
    expect(heard).toHaveBeenCalled();
    rows.retry();
    expect(rows.failure).toBeNull();
    expect(asked.at(-1)?.offset).toBe(100);
  });

  test("an abort is no failure", async () => {
    const rows = make();
    rows.want(0, 10);
    rows.want(9000, 9010);
    await settled();
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(rows.failure).toBeNull();
  });

  test("fetches a range for copying, from memory where it can", async () => {
    const rows = make(1000, { first: rowsOf(0, 100) });
    const range = rows.fetchRows(90, 110);
    await settled();
    expect(asked.map((one) => one.offset)).toEqual([100]);
    asked[0]?.answer();
    expect((await range).map((row) => row[0])).toEqual(
      Array.from({ length: 20 }, (_, at) => 90 + at),
    );
  });

  test("takes over whole chunks of the first page, and the last one of the result", () => {
    expect(make(1000, { first: rowsOf(0, 150) }).row(99)).toEqual([99]);
    expect(make(1000, { first: rowsOf(0, 150) }).row(100)).toBeUndefined();
    expect(make(150, { first: rowsOf(0, 150) }).row(149)).toEqual([149]);
  });

  test("knows which cells are cut", () => {
    const first = { ...rowsOf(0, 100), cutCells: [[7, 2, 70_000]] };
    const rows = make(100, { first });
    expect(rows.cutBytes(7, 2)).toBe(70_000);
    expect(rows.cutBytes(7, 1)).toBeUndefined();
  });

  test("a result that is shorter than it said fails instead of asking for ever", async () => {
    const rows = make(250);
    rows.want(200, 230);
    asked[0]?.answer(0);
    await settled();
    expect(String(rows.failure)).toContain("Row 201 is missing");
  });
});

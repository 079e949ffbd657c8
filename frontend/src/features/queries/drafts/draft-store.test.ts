// @vitest-environment node
import { beforeEach, describe, expect, test } from "vitest";
import { type Draft, DraftStore, draftTitle } from "./draft-store";

const kept = new Map<string, string>();
let conflicts: Draft[] = [];
let unsaved = 0;
let isFull = false;
let count = 0;

function storage(map: Map<string, string>) {
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (isFull) {
        throw new Error("full");
      }
      map.set(key, value);
    },
    removeItem: (key: string) => void map.delete(key),
    keys: () => [...map.keys()],
  };
}

/** A window of its own over the same storage. */
function open(user = "u", own = new Map<string, string>()): DraftStore {
  const windowed = {
    getItem: storage(own).getItem,
    setItem: (k: string, v: string) => void own.set(k, v),
  };
  return new DraftStore(user, storage(kept), windowed, {
    newId: () => `id${String(++count).padStart(4, "0")}`,
    onConflict: (draft) => conflicts.push(draft),
    onUnsaved: () => unsaved++,
  });
}

beforeEach(() => {
  kept.clear();
  [conflicts, unsaved, isFull, count] = [[], 0, false, 0];
});

const texts = (store: DraftStore) => store.state.drafts.map(({ sql }) => sql);

describe("drafts", () => {
  test("what was written is there after a reload, and the same tab is shown", () => {
    const own = new Map<string, string>();
    const store = open("u", own);
    store.update(store.active.id, { sql: "select 1" });
    store.open({ sql: "select 2" });
    store.open({ sql: "select 3" });
    store.activate(store.state.drafts[1]?.id ?? "");
    store.flush();
    const again = open("u", own);
    expect(texts(again)).toEqual(["select 1", "select 2", "select 3"]);
    expect(again.active.sql).toBe("select 2");
  });

  test("another person of the same browser sees none of it", () => {
    const store = open("u");
    store.update(store.active.id, { sql: "secret" });
    store.flush();
    expect(texts(open("v"))).toEqual([""]);
  });

  test("closing takes the neighbour, the last one leaves an empty tab, and undo brings it back", () => {
    const store = open();
    store.update(store.active.id, { sql: "a" });
    const second = store.open({ sql: "b" });
    const closed = store.close(second.id) as Draft;
    expect([store.active.sql, texts(store)]).toEqual(["a", ["a"]]);
    store.restore(closed);
    expect([store.active.sql, texts(open())]).toEqual(["b", ["a", "b"]]);
    store.close(second.id);
    store.close(store.active.id);
    expect(texts(store)).toEqual([""]);
  });

  test("a tab moves by one place and stays there", () => {
    const store = open();
    store.update(store.active.id, { sql: "a" });
    const last = store.open({ sql: "b" });
    store.move(last.id, -1);
    store.move(last.id, -1);
    expect(texts(open())).toEqual(["b", "a"]);
  });

  test("two windows on two tabs do not touch each other's", () => {
    const one = open();
    one.update(one.active.id, { sql: "a" });
    one.flush();
    const other = open();
    const added = other.open({ sql: "b" });
    one.onStorage(`heliograph.drafts.u.${added.id}`);
    one.update(one.active.id, { sql: "a2" });
    one.flush();
    expect(texts(one)).toEqual(["a2", "b"]);
    expect(texts(open())).toEqual(["a2", "b"]);
  });

  test("a tab changed elsewhere is shown here, when nothing is unsaved here", () => {
    const one = open();
    one.flush();
    const other = open();
    other.update(other.active.id, { sql: "from there" });
    other.flush();
    one.onStorage(`heliograph.drafts.u.${one.active.id}`);
    expect(one.active.sql).toBe("from there");
    expect(conflicts).toEqual([]);
  });

  test("a tab changed in both windows is kept twice, and that is told", () => {
    const one = open();
    one.flush();
    const other = open();
    one.update(one.active.id, { sql: "mine" });
    other.update(other.active.id, { sql: "theirs" });
    other.flush();
    one.onStorage(`heliograph.drafts.u.${one.active.id}`);
    one.flush();
    expect(one.active.sql).toBe("mine");
    expect(texts(open()).sort()).toEqual(["mine", "theirs"]);
    expect(conflicts.map(({ sql }) => sql)).toEqual(["mine"]);
  });

  test("closed elsewhere, it goes here too, unless it is being looked at", () => {
    const one = open();
    one.flush();
    const second = one.open({ sql: "b" });
    one.activate(one.state.drafts[0]?.id ?? "");
    const other = open();
    other.close(second.id);
    one.onStorage(`heliograph.drafts.u.${second.id}`);
    expect(texts(one)).toEqual([""]);
    const shown = one.active.id;
    kept.delete(`heliograph.drafts.u.${shown}`);
    one.onStorage(`heliograph.drafts.u.${shown}`);
    one.update(shown, { sql: "still here" });
    one.flush();
    expect(texts(open())).toContain("still here");
  });

  test("a full storage is told once, and loses nothing on the page", () => {
    const store = open();
    isFull = true;
    store.update(store.active.id, { sql: "a" });
    store.flush();
    store.update(store.active.id, { sql: "ab" });
    store.flush();
    expect([store.active.sql, unsaved]).toEqual(["ab", 1]);
  });

  test("what is no draft is passed over", () => {
    kept.set("heliograph.drafts.u.x", "{");
    kept.set("heliograph.drafts.u.y", '{"id": 3}');
    expect(texts(open())).toEqual([""]);
  });

  test("clearing leaves one empty tab on the same connection", () => {
    const store = open();
    store.update(store.active.id, { sql: "a", connectionId: "c" });
    store.open({ sql: "b", connectionId: "c" });
    store.clear();
    expect([texts(store), store.active.connectionId, kept.size]).toEqual([[""], "c", 1]);
  });

  test.each([
    ["", "", "New query"],
    ["Mine", "select 1", "Mine"],
    ["", "\n-- Revenue by day\nselect", "Revenue by day"],
    ["", "select\n  1", "select 1"],
  ])("a tab with the name “%s” and the text %j is called %s", (name, sql, title) => {
    expect(draftTitle({ name, sql } as Draft)).toBe(title);
  });
});

import { fireEvent, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keyLabels, listenForShortcuts, type Shortcut, useShortcuts } from "./shortcuts";

let stop: () => void;
beforeEach(() => {
  stop = listenForShortcuts();
});
afterEach(() => stop());

function Keyed({ shortcuts }: { shortcuts: readonly Shortcut[] }) {
  useShortcuts(shortcuts);
  return <input aria-label="field" />;
}

const shortcut = (keys: string, run: () => void, more: Partial<Shortcut> = {}): Shortcut => ({
  keys,
  title: keys,
  group: "Test",
  run,
  ...more,
});

test("a key works while its component is mounted, and not in a text field", () => {
  const run = vi.fn();
  const shortcuts = [shortcut("?", run)];
  const { getByLabelText, unmount } = render(<Keyed shortcuts={shortcuts} />);
  fireEvent.keyDown(document.body, { key: "?", shiftKey: true });
  expect(run).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(getByLabelText("field"), { key: "?", shiftKey: true });
  expect(run).toHaveBeenCalledTimes(1);
  unmount();
  fireEvent.keyDown(document.body, { key: "?", shiftKey: true });
  expect(run).toHaveBeenCalledTimes(1);
});

test("a key with Mod works in a text field, too", () => {
  const run = vi.fn();
  const shortcuts = [shortcut("Mod+K", run)];
  const { getByLabelText } = render(<Keyed shortcuts={shortcuts} />);
  fireEvent.keyDown(getByLabelText("field"), { key: "k", ctrlKey: true });
  expect(run).toHaveBeenCalledTimes(1);
  fireEvent.keyDown(document.body, { key: "k" });
  expect(run).toHaveBeenCalledTimes(1);
});

test("two keys one after the other are one shortcut", () => {
  const run = vi.fn();
  const shortcuts = [shortcut("g c", run)];
  render(<Keyed shortcuts={shortcuts} />);
  fireEvent.keyDown(document.body, { key: "c" });
  expect(run).not.toHaveBeenCalled();
  fireEvent.keyDown(document.body, { key: "g" });
  fireEvent.keyDown(document.body, { key: "c" });
  expect(run).toHaveBeenCalledTimes(1);
});

test("two keys with a long pause between them are two keys", () => {
  vi.useFakeTimers();
  const run = vi.fn();
  const shortcuts = [shortcut("g c", run)];
  render(<Keyed shortcuts={shortcuts} />);
  fireEvent.keyDown(document.body, { key: "g" });
  vi.advanceTimersByTime(1500);
  fireEvent.keyDown(document.body, { key: "c" });
  expect(run).not.toHaveBeenCalled();
  vi.useRealTimers();
});

test("what was registered last wins", () => {
  const [page, dialog] = [vi.fn(), vi.fn()];
  const outer = [shortcut("Mod+Enter", page)];
  const inner = [shortcut("Mod+Enter", dialog)];
  render(
    <>
      <Keyed shortcuts={outer} />
      <Keyed shortcuts={inner} />
    </>,
  );
  fireEvent.keyDown(document.body, { key: "Enter", ctrlKey: true });
  expect([page.mock.calls.length, dialog.mock.calls.length]).toEqual([0, 1]);
});

test("keys are named as they are printed", () => {
  expect(keyLabels("Mod+K")).toEqual(["Ctrl", "K"]);
  expect(keyLabels("g c")).toEqual(["g", "c"]);
  expect(keyLabels("?")).toEqual(["?"]);
});

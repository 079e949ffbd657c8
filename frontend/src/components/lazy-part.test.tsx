import { act, render, screen } from "@testing-library/react";
import { Component, type ReactNode, Suspense } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { FileGone } from "@/lib/fetch-files";
import { lazyPart, retryParts } from "./lazy-part";

class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };
  static getDerivedStateFromError = (error: Error) => ({ error });

  override render() {
    const { error } = this.state;
    return error ? (
      <button type="button" onClick={() => this.setState({ error: null })}>
        {error.name}
      </button>
    ) : (
      this.props.children
    );
  }
}

/** A part whose code comes at the third time, and what has asked for it. */
async function part(failure: Error) {
  const load = vi
    .fn<() => Promise<() => ReactNode>>()
    .mockRejectedValueOnce(failure)
    .mockRejectedValueOnce(failure)
    .mockResolvedValue(() => <p>Here</p>);
  const Part = lazyPart(load);
  await act(async () => {
    render(
      <Boundary>
        <Suspense fallback={<p>Coming</p>}>
          <Part />
        </Suspense>
      </Boundary>,
    );
  });
  return { load, Part };
}

/** Leave the failure behind: what it stood for is drawn anew. */
async function drawAgain(): Promise<void> {
  await act(async () => screen.getByRole("button").click());
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // React tells of each failure.
});

test("a part that did not come is asked for again when it is to be, and not before", async () => {
  const { load } = await part(new TypeError("Failed to fetch"));
  for (const times of [1, 2]) {
    await drawAgain();
    expect(screen.getByRole("button").textContent).toBe("Unreachable");
    expect(load).toHaveBeenCalledTimes(times);
    retryParts();
    await drawAgain();
  }
  expect(screen.getByText("Here")).toBeTruthy();
});

test("a part whose file is gone says that the app was updated", async () => {
  await part(new FileGone("/a.js"));
  expect(screen.getByRole("button").textContent).toBe("Outdated");
});

test("a part that is preloaded is asked for anew, until it is there", async () => {
  const { load, Part } = await part(new TypeError("Failed to fetch"));
  for (const _ of [1, 2, 3]) {
    await Part.preload();
  }
  expect(load).toHaveBeenCalledTimes(3);
  await drawAgain();
  expect(screen.getByText("Here")).toBeTruthy();
});

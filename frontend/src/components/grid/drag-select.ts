import { follow } from "./grid-header";

const STEP_MS = 30;

export interface DragHooks {
  /** Where the cells are seen, on the screen. */
  box: () => DOMRect;
  scrollBy: (x: number, y: number) => void;
  /** Select up to the cell under the pointer, or the nearest one that is seen. */
  reach: (pointer: PointerEvent) => void;
}

/** Select what the pointer passes over until it is let go, and scroll where it leaves the cells. */
export function dragSelect(start: PointerEvent, { box, scrollBy, reach }: DragHooks): void {
  let last = start;
  let timer: ReturnType<typeof setInterval> | undefined;
  const step = () => {
    const { left, right, top, bottom } = box();
    const x = beyond(left, right, last.clientX);
    const y = beyond(top, bottom, last.clientY);
    if (x !== 0 || y !== 0) {
      scrollBy(x / 2, y);
    }
    reach(last);
  };
  follow(
    start,
    (event) => {
      last = event;
      timer ??= setInterval(step, STEP_MS);
    },
    () => {
      clearInterval(timer);
      if (timer !== undefined) {
        step();
      }
    },
  );
}

function beyond(low: number, high: number, at: number): number {
  return at < low ? at - low : at > high ? at - high : 0;
}

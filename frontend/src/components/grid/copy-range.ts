import type { ColumnLayout } from "./column-layout";
import type { Range } from "./selection";
import { toTsv } from "./tsv";
import type { RowSource } from "./types";

/** More cells belong into a file: a clipboard of hundreds of megabytes stops the browser. */
export const MOST_CELLS = 1_000_000;

export class TooMuchToCopy extends Error {
  override name = "TooMuchToCopy";

  constructor() {
    super(`At most ${MOST_CELLS.toLocaleString("en")} cells can be copied. Download the result.`);
  }
}

/**
 * Put cells on the clipboard as TSV, fetching the rows that are not here; more than one column or
 * row only with `withHeader`. Returns how many cells. Call it while a key or click is handled:
 * browsers allow it then. Throws `TooMuchToCopy`, or what fetching has thrown.
 */
export async function copyRange(
  source: RowSource,
  layout: ColumnLayout,
  range: Range,
  withHeader = false,
): Promise<number> {
  const columns = layout.placed.slice(range.left, range.right + 1);
  const cells = (range.bottom - range.top + 1) * columns.length;
  if (cells > MOST_CELLS) {
    throw new TooMuchToCopy();
  }
  const text = source
    .fetchRows(range.top, range.bottom + 1)
    .then((rows) => toTsv(rows, columns, withHeader));
  await writeText(text);
  return cells;
}

async function writeText(text: Promise<string>): Promise<void> {
  // A page without TLS has no clipboard of this kind, save on this very machine.
  if (!navigator.clipboard) {
    return writeByCommand(await text);
  }
  if ("ClipboardItem" in globalThis) {
    const blob = text.then((one) => new Blob([one], { type: "text/plain" }));
    return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
  }
  return navigator.clipboard.writeText(await text);
}

function writeByCommand(text: string): void {
  const put = (event: ClipboardEvent) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("copy", put, { capture: true, once: true });
  const isDone = document.execCommand("copy");
  document.removeEventListener("copy", put, { capture: true });
  if (!isDone) {
    throw new Error("The browser does not let this page copy.");
  }
}

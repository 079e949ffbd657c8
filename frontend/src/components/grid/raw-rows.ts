import { type CellValue, RawJson, type Row } from "./types";

/**
 * Read the `rows` of an answer so that JSON inside stays as it came.
 *
 * `JSON.parse` rounds `12345678901234567890` and sorts the keys `"10"` and `"9"`. Objects and
 * arrays in cells come back as `RawJson`; everything else as `JSON.parse` gives it. The text has
 * to be valid JSON, as the API writes it. Returns the rows and the answer without them.
 */
export function readRows(text: string): { rows: Row[]; rest: Record<string, unknown> } {
  const scan = new Scan(text);
  const rest: Record<string, unknown> = {};
  let rows: Row[] = [];
  scan.each("{", "}", () => {
    const key = JSON.parse(scan.token()) as string;
    scan.take(":");
    if (key === "rows" && scan.peek() === "[") {
      rows = [];
      scan.each("[", "]", () => {
        const row: CellValue[] = [];
        scan.each("[", "]", () => row.push(cellOf(scan.token())));
        rows.push(row);
      });
    } else {
      rest[key] = JSON.parse(scan.token());
    }
  });
  return { rows, rest };
}

function cellOf(token: string): CellValue {
  const first = token.charCodeAt(0);
  return first === OPEN_BRACE || first === OPEN_BRACKET
    ? new RawJson(token)
    : (JSON.parse(token) as CellValue);
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

class Scan {
  private at = 0;

  constructor(private readonly text: string) {}

  peek(): string {
    this.skipBlanks();
    return this.text.charAt(this.at);
  }

  take(sign: string): void {
    if (this.peek() !== sign) {
      throw new SyntaxError(`Expected ${sign} at ${this.at}.`);
    }
    this.at += 1;
  }

  /** Call `one` at each member between `open` and `close`. */
  each(open: string, close: string, one: () => void): void {
    this.take(open);
    while (this.peek() !== close) {
      one();
      if (this.peek() !== close) {
        this.take(",");
      }
    }
    this.at += 1;
  }

  /** The next value, whatever it is, as its text. */
  token(): string {
    this.skipBlanks();
    const from = this.at;
    const first = this.text.charCodeAt(from);
    if (first === QUOTE) {
      this.skipText();
    } else if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      this.skipNested();
    } else {
      this.skipPlain();
    }
    return this.text.slice(from, this.at);
  }

  private skipText(): void {
    this.at += 1;
    for (let sign = this.sign(); sign !== QUOTE; sign = this.sign()) {
      this.at += sign === BACKSLASH ? 2 : 1;
    }
    this.at += 1;
  }

  private skipNested(): void {
    let depth = 0;
    do {
      const sign = this.sign();
      if (sign === QUOTE) {
        this.skipText();
        continue;
      }
      if (sign === OPEN_BRACE || sign === OPEN_BRACKET) {
        depth += 1;
      } else if (sign === CLOSE_BRACE || sign === CLOSE_BRACKET) {
        depth -= 1;
      }
      this.at += 1;
    } while (depth > 0);
  }

  private skipPlain(): void {
    for (let sign = this.sign(); sign > 0x20; sign = this.sign()) {
      if (sign === COMMA || sign === CLOSE_BRACKET || sign === CLOSE_BRACE || sign === 0x3a) {
        return;
      }
      this.at += 1;
    }
  }

  private skipBlanks(): void {
    while (this.at < this.text.length && this.text.charCodeAt(this.at) <= 0x20) {
      this.at += 1;
    }
  }

  private sign(): number {
    const sign = this.text.charCodeAt(this.at);
    if (Number.isNaN(sign)) {
      throw new SyntaxError("The answer ends too early.");
    }
    return sign;
  }
}

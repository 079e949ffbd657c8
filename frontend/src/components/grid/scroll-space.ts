/** Browsers lose precision, and then the end, beyond some ten million pixels. */
const TALLEST = 10_000_000;

/**
 * Maps rows to a scroll bar that may be shorter than they are.
 *
 * `top` is the pixel of the rows that stands at the upper edge, in their true height. Where the
 * scroll bar is shorter, one of its pixels is several of theirs; then `top` is kept here, so that
 * wheel and keys still move by single rows.
 */
export class ScrollSpace {
  top = 0;
  private rowCount = 0;
  private viewHeight = 0;
  private setTo = 0;

  constructor(
    readonly rowHeight: number,
    private readonly tallest = TALLEST,
  ) {}

  resize(rowCount: number, viewHeight: number): void {
    this.rowCount = rowCount;
    this.viewHeight = viewHeight;
    this.top = Math.min(this.top, this.greatestTop);
  }

  get scrollHeight(): number {
    return Math.min(this.height, this.tallest);
  }

  get greatestTop(): number {
    return Math.max(0, this.height - this.viewHeight);
  }

  /** Whether the browser's own scrolling would take steps that are too long. */
  get isScaled(): boolean {
    return this.height > this.tallest;
  }

  /** The rows of which something is seen: from the first up to, not including, the second. */
  get shown(): [number, number] {
    const first = Math.floor(this.top / this.rowHeight);
    const end = Math.ceil((this.top + this.viewHeight) / this.rowHeight);
    return [first, Math.min(end, this.rowCount)];
  }

  /** Take over where the scroll bar stands. */
  follow(scrollTop: number): void {
    if (Math.abs(scrollTop - this.setTo) < 1) {
      return; // The echo of `moveTo`, rounded by the browser.
    }
    this.setTo = scrollTop;
    this.top = this.isScaled ? Math.round(scrollTop * this.scale) : scrollTop;
  }

  /** Move to a pixel of the rows; returns where the scroll bar has to stand. */
  moveTo(top: number): number {
    this.top = Math.max(0, Math.min(top, this.greatestTop));
    this.setTo = this.isScaled ? this.top / this.scale : this.top;
    return this.setTo;
  }

  /** Move as little as possible, so that the row is seen whole. */
  reveal(row: number): number {
    const above = row * this.rowHeight;
    const below = above + this.rowHeight - this.viewHeight;
    return this.moveTo(Math.min(Math.max(this.top, below), above));
  }

  private get height(): number {
    return this.rowCount * this.rowHeight;
  }

  private get scale(): number {
    return this.greatestTop / (this.tallest - this.viewHeight);
  }
}

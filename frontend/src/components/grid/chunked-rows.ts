import type { Row, RowSource } from "./types";

export interface Chunk {
  rows: Row[];
  /** `[row, column, bytes]` of cells of which only the beginning is here, rows of the whole result. */
  cutCells: readonly (readonly number[])[];
}

export interface ChunkedRowsOptions {
  rowCount: number;
  /** Fetch rows from `offset`. Fewer than `limit` may come; the rest is asked for again. */
  load: (offset: number, limit: number, signal: AbortSignal) => Promise<Chunk>;
  /** Rows that are known from the start. */
  first?: Chunk;
  chunkSize?: number;
  /** How many chunks stay in memory. */
  keep?: number;
  /** How many are fetched at once. */
  parallel?: number;
  /** Milliseconds of rest before rows that fly past are fetched. */
  restMs?: number;
}

/**
 * Rows of a large result, fetched by chunks where somebody looks.
 *
 * What is wanted last is fetched first; what nobody wants any more is aborted; the chunks that
 * nobody has looked at for longest are forgotten.
 */
export class ChunkedRows implements RowSource {
  readonly rowCount: number;
  failure: unknown = null;
  private readonly options: Required<Omit<ChunkedRowsOptions, "first">>;
  /** In the order of their use: the first is forgotten first. */
  private readonly chunks = new Map<number, Chunk>();
  private readonly loading = new Map<number, AbortController>();
  private readonly listeners = new Set<() => void>();
  private wanted: number[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lastAskedAt = Number.NEGATIVE_INFINITY;

  constructor({ first, ...options }: ChunkedRowsOptions) {
    this.options = { chunkSize: 500, keep: 24, parallel: 2, restMs: 60, ...options };
    this.rowCount = options.rowCount;
    if (first) {
      this.keepFirst(first);
    }
  }

  row(index: number): Row | undefined {
    const { chunkSize } = this.options;
    return this.chunks.get(Math.floor(index / chunkSize))?.rows[index % chunkSize];
  }

  cutBytes(row: number, column: number): number | undefined {
    const chunk = this.chunks.get(Math.floor(row / this.options.chunkSize));
    return chunk?.cutCells.find((cell) => cell[0] === row && cell[1] === column)?.[2];
  }

  want(from: number, to: number): void {
    const first = this.chunkOf(from);
    const last = this.chunkOf(Math.max(from, to - 1));
    const shown = Array.from({ length: last - first + 1 }, (_, at) => first + at);
    // The neighbours come after what is shown, so that slow scrolling never waits.
    this.wanted = [...shown, last + 1, first - 1].filter((one) => this.exists(one));
    for (const one of shown) {
      this.touch(one);
    }
    for (const [one, controller] of this.loading) {
      if (!this.wanted.includes(one)) {
        controller.abort();
      }
    }
    this.askSoon();
  }

  retry(): void {
    this.failure = null;
    this.tell();
    this.ask();
  }

  async fetchRows(from: number, to: number, signal?: AbortSignal): Promise<Row[]> {
    const rows: Row[] = [];
    const { chunkSize } = this.options;
    for (let at = from; at < to; ) {
      const chunk = this.chunkOf(at);
      const known = this.chunks.get(chunk) ?? (await this.loadWhole(chunk, signal ?? never));
      const part = known.rows.slice(at - chunk * chunkSize, to - chunk * chunkSize);
      rows.push(...part);
      at += part.length;
      if (part.length === 0) {
        throw new Error(`Row ${at + 1} is missing from the result.`);
      }
    }
    return rows;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Fetch nothing any more. */
  stop(): void {
    clearTimeout(this.timer);
    this.wanted = [];
    for (const controller of this.loading.values()) {
      controller.abort();
    }
    this.listeners.clear();
  }

  private askSoon(): void {
    clearTimeout(this.timer);
    const rested = performance.now() - this.lastAskedAt >= this.options.restMs;
    if (rested) {
      this.ask();
    } else {
      this.timer = setTimeout(() => this.ask(), this.options.restMs);
    }
  }

  private ask(): void {
    if (this.failure !== null) {
      return;
    }
    for (const one of this.wanted) {
      if (this.loading.size >= this.options.parallel) {
        return;
      }
      if (!this.chunks.has(one) && !this.loading.has(one)) {
        this.lastAskedAt = performance.now();
        void this.fetch(one);
      }
    }
  }

  private async fetch(one: number): Promise<void> {
    const controller = new AbortController();
    this.loading.set(one, controller);
    try {
      this.put(one, await this.loadWhole(one, controller.signal));
    } catch (error) {
      if (!controller.signal.aborted) {
        this.failure = error;
      }
    } finally {
      this.loading.delete(one);
    }
    this.tell();
    this.ask();
  }

  /** Fetch a chunk to its end, also where the API's pages are shorter. */
  private async loadWhole(one: number, signal: AbortSignal): Promise<Chunk> {
    const from = one * this.options.chunkSize;
    const to = Math.min(from + this.options.chunkSize, this.rowCount);
    const rows: Row[] = [];
    const cutCells: (readonly number[])[] = [];
    while (from + rows.length < to) {
      const offset = from + rows.length;
      const part = await this.options.load(offset, to - offset, signal);
      if (part.rows.length === 0) {
        throw new Error(`Row ${offset + 1} is missing from the result.`);
      }
      rows.push(...part.rows);
      cutCells.push(...part.cutCells);
    }
    return { rows, cutCells };
  }

  private keepFirst(first: Chunk): void {
    const { chunkSize } = this.options;
    for (let at = 0; at < first.rows.length; at += chunkSize) {
      const rows = first.rows.slice(at, at + chunkSize);
      if (rows.length === chunkSize || at + rows.length === this.rowCount) {
        const cutCells = first.cutCells.filter(([row = -1]) => row >= at && row < at + chunkSize);
        this.put(at / chunkSize, { rows, cutCells });
      }
    }
  }

  private put(one: number, chunk: Chunk): void {
    this.chunks.set(one, chunk);
    for (const oldest of this.chunks.keys()) {
      if (this.chunks.size <= this.options.keep) {
        return;
      }
      if (!this.wanted.includes(oldest)) {
        this.chunks.delete(oldest);
      }
    }
  }

  private touch(one: number): void {
    const chunk = this.chunks.get(one);
    if (chunk) {
      this.chunks.delete(one);
      this.chunks.set(one, chunk);
    }
  }

  private chunkOf(row: number): number {
    return Math.floor(row / this.options.chunkSize);
  }

  private exists(one: number): boolean {
    return one >= 0 && one * this.options.chunkSize < this.rowCount;
  }

  private tell(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }
}

const never = new AbortController().signal;

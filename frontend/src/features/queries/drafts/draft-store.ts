/**
 * The tabs of the editor, kept in the browser per person.
 *
 * Each draft has a key of its own, so that two windows never write over each other's list. A draft
 * that another window has changed since it was read here is not overwritten: what was written here
 * becomes a draft beside it.
 */

export interface ParameterDraft {
  text: string;
  /** One value per line. */
  isList?: boolean;
  isNull?: boolean;
}

export interface Draft {
  id: string;
  /** "" while it has no name of its own. */
  name: string;
  sql: string;
  connectionId: string | null;
  parameters: Record<string, ParameterDraft>;
  /** The last run, to be found again after a reload. */
  runId: string | null;
  /** Tabs stand in this order. */
  order: number;
  /** Changes with every writing. */
  revision: string;
}

export type DraftChange = Partial<Omit<Draft, "id" | "revision">>;

export interface DraftState {
  drafts: readonly Draft[];
  activeId: string;
}

export interface DraftStorage {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
  removeItem: (key: string) => void;
  keys: () => string[];
}

export interface DraftHooks {
  newId: () => string;
  /** Both versions of a draft are kept: tell so. */
  onConflict: (kept: Draft) => void;
  /** The storage is full or forbidden: what is written lasts as long as the page. */
  onUnsaved: () => void;
}

export class DraftStore {
  state: DraftState;
  private readonly dirty = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private hasWarned = false;

  constructor(
    private readonly userId: string,
    private readonly storage: DraftStorage,
    /** Which tab this window shows; of the window alone. */
    private readonly window: Pick<DraftStorage, "getItem" | "setItem">,
    private readonly hooks: DraftHooks,
  ) {
    const drafts = this.readAll();
    const first = drafts[0] ?? this.makeDraft({}, 1);
    if (drafts.length === 0) {
      this.dirty.add(first.id);
    }
    const active = this.window.getItem(this.activeKey);
    this.state = {
      drafts: drafts.length > 0 ? drafts : [first],
      activeId: drafts.some(({ id }) => id === active) ? (active ?? first.id) : first.id,
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  get active(): Draft {
    const { drafts, activeId } = this.state;
    return drafts.find(({ id }) => id === activeId) ?? (drafts[0] as Draft);
  }

  get(id: string): Draft | undefined {
    return this.state.drafts.find((draft) => draft.id === id);
  }

  /** Change a draft here; `flush` writes it down. */
  update(id: string, change: DraftChange): void {
    this.dirty.add(id);
    this.set({
      drafts: this.state.drafts.map((draft) => (draft.id === id ? { ...draft, ...change } : draft)),
    });
  }

  open(change: DraftChange = {}): Draft {
    const last = Math.max(0, ...this.state.drafts.map(({ order }) => order));
    const draft = this.makeDraft(change, last + 1);
    this.dirty.add(draft.id);
    this.set({ drafts: [...this.state.drafts, draft] });
    this.activate(draft.id);
    this.flush();
    return draft;
  }

  activate(id: string): void {
    this.set({ activeId: id });
    this.window.setItem(this.activeKey, id);
  }

  /** Close a tab and return it for `restore`; there is always one left. */
  close(id: string): Draft | undefined {
    const { drafts, activeId } = this.state;
    const index = drafts.findIndex((draft) => draft.id === id);
    const closed = drafts[index];
    const left = drafts.filter((draft) => draft.id !== id);
    this.dirty.delete(id);
    this.storage.removeItem(this.keyOf(id));
    this.set({ drafts: left });
    if (left.length === 0) {
      this.open({ connectionId: closed?.connectionId ?? null });
    } else if (activeId === id) {
      this.activate((left[Math.min(index, left.length - 1)] as Draft).id);
    }
    return closed;
  }

  /** Put a closed draft back to where it was. */
  restore(draft: Draft): void {
    this.dirty.add(draft.id);
    this.set({ drafts: inOrder([...this.state.drafts, draft]) });
    this.activate(draft.id);
    this.flush();
  }

  /** Move a tab by one place: -1 to the left, 1 to the right. */
  move(id: string, by: -1 | 1): void {
    const index = this.state.drafts.findIndex((draft) => draft.id === id);
    const [one, other] = [this.state.drafts[index], this.state.drafts[index + by]];
    if (!one || !other) {
      return;
    }
    this.update(one.id, { order: other.order });
    this.update(other.id, { order: one.order });
    this.set({ drafts: inOrder(this.state.drafts) });
    this.flush();
  }

  /** Close everything and begin with one empty tab. */
  clear(): void {
    const connectionId = this.active.connectionId;
    for (const { id } of this.state.drafts) {
      this.storage.removeItem(this.keyOf(id));
    }
    this.dirty.clear();
    const draft = this.makeDraft({ connectionId }, 1);
    this.dirty.add(draft.id);
    this.set({ drafts: [draft], activeId: draft.id });
    this.activate(draft.id);
    this.flush();
  }

  /** Write down what was changed here. */
  flush(): void {
    for (const id of this.dirty) {
      const draft = this.get(id);
      if (draft) {
        this.write(draft);
      }
    }
    this.dirty.clear();
  }

  /** Another window has written or removed a key. */
  onStorage(key: string | null): void {
    if (!key?.startsWith(this.prefix)) {
      return;
    }
    const id = key.slice(this.prefix.length);
    const stored = this.read(key);
    const own = this.get(id);
    if (this.dirty.has(id) || stored?.revision === own?.revision) {
      return; // `flush` finds out, and keeps both.
    }
    if (stored) {
      const others = this.state.drafts.filter((draft) => draft.id !== id);
      this.set({ drafts: inOrder([...others, stored]) });
    } else if (own && id !== this.state.activeId) {
      this.set({ drafts: this.state.drafts.filter((draft) => draft.id !== id) });
    } else if (own) {
      // It is being looked at here: it stays, and is written again when it is changed.
      this.set({
        drafts: this.state.drafts.map((one) => (one.id === id ? { ...one, revision: "" } : one)),
      });
    }
  }

  private write(draft: Draft): void {
    const stored = this.read(this.keyOf(draft.id));
    if (stored && stored.revision !== draft.revision && draft.revision !== "") {
      this.keepBoth(draft, stored);
      return;
    }
    const written = { ...draft, revision: this.hooks.newId() };
    this.set({ drafts: this.state.drafts.map((one) => (one.id === draft.id ? written : one)) });
    this.store(written);
  }

  private keepBoth(own: Draft, stored: Draft): void {
    const { id, revision: _, ...content } = own;
    const copy = { ...this.makeDraft(content, own.order + 0.5) };
    const drafts = this.state.drafts.map((one) => (one.id === id ? stored : one));
    this.set({ drafts: inOrder([...drafts, copy]) });
    if (this.state.activeId === id) {
      this.activate(copy.id);
    }
    this.store(copy);
    this.hooks.onConflict(copy);
  }

  private store(draft: Draft): void {
    try {
      this.storage.setItem(this.keyOf(draft.id), JSON.stringify(draft));
    } catch {
      if (!this.hasWarned) {
        this.hasWarned = true;
        this.hooks.onUnsaved();
      }
    }
  }

  private makeDraft(change: DraftChange, order: number): Draft {
    const id = this.hooks.newId();
    const empty = { name: "", sql: "", connectionId: null, parameters: {}, runId: null, order };
    return { ...empty, ...change, order, id, revision: this.hooks.newId() };
  }

  private readAll(): Draft[] {
    const keys = this.storage.keys().filter((key) => key.startsWith(this.prefix));
    return inOrder(keys.flatMap((key) => this.read(key) ?? []));
  }

  private read(key: string): Draft | null {
    try {
      const found: unknown = JSON.parse(this.storage.getItem(key) ?? "null");
      return isDraft(found) ? found : null;
    } catch {
      return null;
    }
  }

  private set(part: Partial<DraftState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) {
      listener();
    }
  }

  private get prefix(): string {
    return `heliograph.drafts.${this.userId}.`;
  }

  private get activeKey(): string {
    return `heliograph.draft.${this.userId}`;
  }

  private keyOf(id: string): string {
    return this.prefix + id;
  }
}

/** What the tab is called: its name, else the comment at its beginning, else its SQL. */
export function draftTitle({ name, sql }: Pick<Draft, "name" | "sql">): string {
  const text = sql.trim();
  const comment = /^--\s*(\S.*)/.exec(text)?.[1];
  return name || (comment ?? text.replaceAll(/\s+/g, " ")).slice(0, 40).trim() || "New query";
}

function inOrder(drafts: readonly Draft[]): Draft[] {
  return drafts.toSorted((one, other) => one.order - other.order || (one.id < other.id ? -1 : 1));
}

function isDraft(found: unknown): found is Draft {
  const draft = found as Partial<Draft> | null;
  return (
    typeof draft === "object" &&
    draft !== null &&
    typeof draft.id === "string" &&
    typeof draft.name === "string" &&
    typeof draft.sql === "string" &&
    typeof draft.parameters === "object" &&
    draft.parameters !== null &&
    typeof draft.order === "number" &&
    typeof draft.revision === "string"
  );
}

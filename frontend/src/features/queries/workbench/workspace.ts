import { session } from "@/api/client";
import { queryClient } from "@/api/query-client";
import { notify } from "@/components/toast";
import { announce } from "@/lib/announce";
import { type Draft, DraftStore, draftTitle } from "../drafts/draft-store";
import { isOver, rowsText } from "../run/run";
import { browserClock, runApi } from "../run/run-api";
import { RunMachine } from "../run/run-machine";
import type { Piece } from "../sql/statements";

/** What was sent of a tab's text, to find an error's place again. */
export interface Sent {
  piece: Piece;
  /** The whole text then: once it is edited, places mean nothing any more. */
  text: string;
}

/**
 * The tabs and runs of one person in this window. It outlives the page, so that runs go on while
 * another page is shown.
 */
export class Workspace {
  readonly drafts: DraftStore;
  readonly sent = new Map<string, Sent>();
  private readonly machines = new Map<string, RunMachine>();
  /** Tabs whose run has ended while another one was shown. */
  private readonly unread = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private version = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly userId: string) {
    this.drafts = new DraftStore(userId, localKeys(), windowKeys(), {
      newId: () => crypto.randomUUID(),
      onConflict: (kept) =>
        notify.info(
          `“${draftTitle(kept)}” was changed in another window. Both versions are kept, in two tabs.`,
        ),
      onUnsaved: () =>
        notify.info("This browser keeps nothing more: what you write is lost with the page."),
    });
    this.drafts.subscribe(() => this.changed());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): number => this.version;

  machine(id: string): RunMachine {
    const known = this.machines.get(id);
    if (known) {
      return known;
    }
    const machine = new RunMachine(runApi, browserClock);
    this.machines.set(id, machine);
    let wasBusy = false;
    machine.subscribe(() => {
      this.noteRun(id, machine, wasBusy);
      wasBusy = machine.isBusy;
      this.changed();
    });
    const runId = this.drafts.get(id)?.runId;
    if (runId) {
      // A page asks for the machine while it is being drawn: nothing may change before it is.
      queueMicrotask(() => void machine.resume(runId));
    }
    return machine;
  }

  /** What the tab shows of its run. */
  mark(id: string): "running" | "failed" | "unread" | null {
    const machine = this.machines.get(id);
    if (machine?.isBusy) {
      return "running";
    }
    const { phase, run } = machine?.snapshot ?? {};
    if (phase === "refused" || run?.state === "failed") {
      return "failed";
    }
    return this.unread.has(id) ? "unread" : null;
  }

  activate(id: string): void {
    this.unread.delete(id);
    this.drafts.activate(id);
  }

  /** Close a tab; its run is cancelled, and what is undone brings the text back. */
  close(id: string): Draft | undefined {
    const machine = this.machines.get(id);
    void machine?.cancel();
    this.forget(id);
    return this.drafts.close(id);
  }

  /** Forget all tabs and runs. */
  clear(): void {
    for (const [id, machine] of this.machines) {
      machine.clear();
      this.forget(id);
    }
    this.drafts.clear();
  }

  /** Write down what was changed, after a moment without changes. */
  saveSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.drafts.flush(), 300);
  }

  /** Begin to follow other windows, and to save before the page goes. */
  attach(): () => void {
    const onStorage = (event: StorageEvent) => this.drafts.onStorage(event.key);
    const onHide = () => this.drafts.flush();
    window.addEventListener("storage", onStorage);
    window.addEventListener("pagehide", onHide);
    return () => {
      window.removeEventListener("storage", onStorage);
      window.removeEventListener("pagehide", onHide);
      clearTimeout(this.timer);
      this.drafts.flush();
    };
  }

  private noteRun(id: string, machine: RunMachine, wasBusy: boolean): void {
    const { run } = machine.snapshot;
    if (run && this.drafts.get(id) && this.drafts.get(id)?.runId !== run.id) {
      this.drafts.update(id, { runId: run.id });
      this.saveSoon();
    }
    if (wasBusy !== machine.isBusy) {
      void queryClient.invalidateQueries({ queryKey: ["queries", "history"] });
    }
    if (!wasBusy || machine.isBusy) {
      return;
    }
    const isShown = this.drafts.state.activeId === id;
    if (!isShown && machine.snapshot.phase !== "idle") {
      this.unread.add(id);
    }
    const text = endText(machine);
    const draft = this.drafts.get(id);
    if (text && draft) {
      announce(isShown ? text : `${draftTitle(draft)}: ${text}`);
    }
  }

  private forget(id: string): void {
    this.machines.delete(id);
    this.sent.delete(id);
    this.unread.delete(id);
  }

  private changed(): void {
    this.version += 1;
    for (const listener of this.listeners) {
      listener();
    }
  }
}

function endText({ snapshot: { phase, run, error } }: RunMachine): string | null {
  if (phase === "refused") {
    return error instanceof Error ? `Not run. ${error.message}` : null;
  }
  if (!run || !isOver(run)) {
    return null;
  }
  switch (run.state) {
    case "succeeded":
      return `Finished, ${rowsText(run.row_count ?? 0)}`;
    case "failed":
      return `Failed. ${run.error?.message ?? ""}`;
    case "canceled":
      return "Canceled";
    default:
      return null;
  }
}

let current: Workspace | null = null;

/** The workspace of who is signed in; somebody else's is put away. */
export function workspaceOf(userId: string): Workspace {
  if (current?.userId !== userId) {
    current = new Workspace(userId);
  }
  return current;
}

// Whoever signs in next on this page finds nothing of the person before.
session.subscribe(() => {
  if (session.state.status === "signed-out") {
    current?.drafts.flush();
    current = null;
  }
});

function localKeys() {
  return {
    getItem: (key: string) => localStorage.getItem(key),
    setItem: (key: string, value: string) => localStorage.setItem(key, value),
    removeItem: (key: string) => localStorage.removeItem(key),
    keys: () => {
      try {
        return Object.keys(localStorage);
      } catch {
        return []; // Storage is forbidden here: drafts last as long as the page.
      }
    },
  };
}

/** Of this window alone; a duplicated window begins with the same tab. */
function windowKeys() {
  return {
    getItem: (key: string) => {
      try {
        return sessionStorage.getItem(key);
      } catch {
        return null;
      }
    },
    setItem: (key: string, value: string) => {
      try {
        sessionStorage.setItem(key, value);
      } catch {
        // The window opens with its first tab the next time.
      }
    },
  };
}

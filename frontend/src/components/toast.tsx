import type { toast as Toast } from "sonner";
import { Problem } from "@/api/problem";

export interface DoneOptions {
  /** Takes it back; offered for ten seconds. */
  undo?: () => void;
}

let showToastsWith: (toast: typeof Toast) => void;
const whenShown = new Promise<typeof Toast>((resolve) => {
  showToastsWith = resolve;
});

export { showToastsWith };

/** Short notices at the edge of the page. What must not be missed belongs into the page itself. */
export const notify = {
  done(text: string, { undo }: DoneOptions = {}): void {
    void whenShown.then((toast) =>
      toast.success(text, {
        duration: undo ? 10_000 : 4000,
        ...(undo ? { action: { label: "Undo", onClick: undo } } : {}),
      }),
    );
  },
  info(text: string): void {
    void whenShown.then((toast) => toast(text, { duration: 6000 }));
  },
  failed(error: unknown): void {
    const id = error instanceof Problem ? error.body.request_id : "";
    void whenShown.then((toast) =>
      toast.error(error instanceof Error ? error.message : String(error), {
        duration: 12_000,
        ...(id ? { description: `Request ${id}` } : {}),
      }),
    );
  },
};

import { Toaster, toast } from "sonner";
import { Problem } from "@/api/problem";
import { useTheme } from "@/lib/theme";

export interface DoneOptions {
  /** Takes it back; offered for ten seconds. */
  undo?: () => void;
}

/** Short notices at the edge of the page. What must not be missed belongs into the page itself. */
export const notify = {
  done(text: string, { undo }: DoneOptions = {}): void {
    toast.success(text, {
      duration: undo ? 10_000 : 4000,
      ...(undo ? { action: { label: "Undo", onClick: undo } } : {}),
    });
  },
  info(text: string): void {
    toast(text, { duration: 6000 });
  },
  failed(error: unknown): void {
    const id = error instanceof Problem ? error.body.request_id : "";
    toast.error(error instanceof Error ? error.message : String(error), {
      duration: 12_000,
      ...(id ? { description: `Request ${id}` } : {}),
    });
  },
};

/** Where notices appear; once in the app. */
export function ToastHost() {
  const { isDark } = useTheme();
  return (
    <Toaster
      theme={isDark ? "dark" : "light"}
      position="bottom-right"
      closeButton
      containerAriaLabel="Notices"
      toastOptions={{
        style: {
          background: "var(--raised)",
          borderColor: "var(--line)",
          color: "var(--ink)",
          fontFamily: "var(--font-sans)",
        },
        classNames: { description: "!text-quiet !font-mono !text-xs" },
        actionButtonStyle: { background: "var(--sun)", color: "var(--sun-ink)", height: 28 },
      }}
    />
  );
}

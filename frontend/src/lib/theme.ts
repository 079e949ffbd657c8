import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";

// public/theme.js sets the same attribute from the same key before the first paint.
const KEY = "heliograph.theme";
const DARK = "(prefers-color-scheme: dark)";
const listeners = new Set<() => void>();

export function themeChoice(): ThemeChoice {
  const kept = read();
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Keep the choice and show it at once. */
export function chooseTheme(choice: ThemeChoice): void {
  try {
    if (choice === "system") {
      localStorage.removeItem(KEY);
    } else {
      localStorage.setItem(KEY, choice);
    }
  } catch {
    // Storage is forbidden here: the choice lasts as long as the page.
  }
  show(choice);
}

/** Follow the system, and other tabs, while the app runs. */
export function followTheme(): () => void {
  const follow = () => show(themeChoice());
  const media = matchMedia(DARK);
  media.addEventListener("change", follow);
  window.addEventListener("storage", follow);
  return () => {
    media.removeEventListener("change", follow);
    window.removeEventListener("storage", follow);
  };
}

export function useTheme(): { choice: ThemeChoice; isDark: boolean } {
  const shown = useSyncExternalStore(subscribe, () => `${themeChoice()} ${isDarkNow()}`);
  const [choice, isDark] = shown.split(" ");
  return { choice: choice as ThemeChoice, isDark: isDark === "true" };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function isDarkNow(): boolean {
  return document.documentElement.dataset["theme"] === "dark";
}

function show(choice: ThemeChoice): void {
  const isDark = choice === "dark" || (choice === "system" && matchMedia(DARK).matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
  for (const listener of listeners) {
    listener();
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

const listeners = new Set<(text: string) => void>();

/** Say something to screen readers, politely: "Finished, 1,204 rows". */
export function announce(text: string): void {
  for (const listener of listeners) {
    listener(text);
  }
}

/** For the one live region of the app. */
export function onAnnounce(listener: (text: string) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

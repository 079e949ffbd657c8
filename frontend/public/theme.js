// Runs before the first paint (src/lib/theme.ts knows the same key and attribute).
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("heliograph.theme");
  } catch {
    // Storage is forbidden here: the system decides.
  }
  const isDark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();

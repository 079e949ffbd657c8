"""What runs in the pages that `benchmarks.browser` measures."""

from __future__ import annotations

# Resolves one frame after the first in which something is there: by then it was painted.
UNTIL = """
window.until = (isThere) => new Promise((resolve) => {
  const look = () => requestAnimationFrame(() => {
    if (!isThere()) return look();
    requestAnimationFrame(() => resolve(performance.now()));
  });
  look();
});
window.sinceKey = (key, isThere) => new Promise((resolve) => {
  const heard = (event) => {
    if (event.key !== key) return;
    removeEventListener("keydown", heard, true);
    window.until(isThere).then((at) => resolve(at - event.timeStamp));
  };
  addEventListener("keydown", heard, true);
});
"""
HAS_SESSION = """if (location.protocol.startsWith("http")) {
  localStorage.setItem("heliograph.has-session", "1");
}"""
WATCH = """(() => {
  const look = () => requestAnimationFrame(() => {
    if (SELECTORS.some((one) => !document.querySelector(one))) return look();
    window.usableAt = performance.now();
  });
  look();
})();"""
FIRST_PAINT = """performance.getEntriesByName("first-contentful-paint")[0]?.startTime"""
LOADED = f"""() => ({{
  paint: {FIRST_PAINT},
  usable: Math.max(window.usableAt, {FIRST_PAINT}),
  script: performance.getEntriesByType("resource")
    .filter((one) => new URL(one.name).pathname.endsWith(".js"))
    .reduce((sum, one) => sum + one.encodedBodySize, 0),
  all: performance.getEntriesByType("resource").reduce((sum, one) => sum + one.encodedBodySize, 0),
}})"""
FLOOR_QUERY = """async ([path, token, body]) => {
  const began = performance.now();
  const answer = await fetch(path, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    ...(body ? { body } : {}),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const { rows } = await answer.json();
  document.documentElement.textContent = rows.map((row) => row.join("\\t")).join("\\n");
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""
SCROLL = """async (seconds) => {
  const grid = document.querySelector("[role=grid]");
  const began = performance.now();
  let frames = 0;
  while (performance.now() - began < 1000 * seconds) {
    grid.dispatchEvent(new WheelEvent("wheel", { deltaY: 900, cancelable: true }));
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return frames;
}"""
DRAG = """async ([selector, last]) => {
  const grid = document.querySelector("[role=grid]");
  const began = performance.now();
  grid.scrollTop = grid.scrollHeight;
  return (await window.until(() => document.querySelector(selector)?.textContent === last)) - began;
}"""
FLOOR_SCROLL = """async ([seconds, rows, columns]) => {
  const cells = [];
  for (let at = 0; at < rows; at += 1) {
    const row = document.createElement("div");
    row.className = "row";
    row.style.top = `${28 * at}px`;
    for (let place = 0; place < columns; place += 1) {
      const cell = document.createElement("div");
      cell.style.left = `${95 * place}px`;
      row.append(cell);
      cells.push(cell);
    }
    document.body.append(row);
  }
  const began = performance.now();
  let frames = 0;
  while (performance.now() - began < 1000 * seconds) {
    for (const [at, cell] of cells.entries()) cell.textContent = `${frames * rows + at} cell`;
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return frames;
}"""

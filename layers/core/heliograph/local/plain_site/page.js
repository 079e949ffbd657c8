const SAID = {
  ok: "Everything is well.",
  degraded: "It does its work, but something should be mended.",
  failing: "It cannot do its work.",
};

function show(status, checks) {
  const state = document.getElementById("state");
  state.dataset.state = status;
  state.textContent = SAID[status] ?? "It does not say how it is.";
  const failed = checks.filter((check) => !check.ok);
  const list = document.getElementById("checks");
  list.hidden = failed.length === 0;
  list.replaceChildren(
    ...failed.map((check) => {
      const item = document.createElement("li");
      item.textContent = check.message ? `${check.name}: ${check.message}` : check.name;
      return item;
    }),
  );
  if (failed.some((check) => check.name === "setup")) {
    document.getElementById("setup").hidden = false;
    const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "...";
    document.getElementById("setup-command").textContent = [
      `curl ${location.origin}/api/setup \\`,
      `  -H 'Content-Type: application/json' \\`,
      `  -d '{"token": "${token}", "email": "you@example.com",`,
      `       "name": "You", "password": "..."}'`,
    ].join("\n");
  }
}

try {
  const response = await fetch("/api/health", { headers: { Accept: "application/json" } });
  const told = await response.json();
  show(told.status in SAID ? told.status : "failing", told.checks ?? []);
} catch {
  show("failing", []);
}

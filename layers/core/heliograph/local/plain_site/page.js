const SAID = {
  ok: "Everything is well.",
  degraded: "It does its work, but something should be mended:",
  failing: "It cannot do its work:",
};

const LACKS = {
  database: "the app database does not answer",
  migrations: "the app database is not of this version: it lacks migrations, or is newer",
  setup: "there is no admin yet, so nobody can sign in",
  queues: "messages failed so often that they were set aside",
  secrets: "the key is another one than stored secrets were encrypted with",
  key: "secrets cannot be encrypted and decrypted",
  blobs: "results cannot be written, read and deleted",
};

const byId = (id) => document.getElementById(id);

function show(status, text, checks) {
  const failed = checks.filter((check) => !check.ok);
  const state = byId("state");
  state.dataset.state = status;
  state.textContent = text;
  byId("checks").replaceChildren(
    ...failed.map((check) => {
      const item = document.createElement("li");
      item.textContent = LACKS[check.name] ?? check.name;
      return item;
    }),
  );
  byId("checks").hidden = failed.length === 0;
  byId("mend").hidden = failed.length === 0;
}

// What may stand in a token. The command is copied into a shell: nothing else gets into it.
function token() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  return /^[A-Za-z0-9_-]+$/.test(found) ? found : "...";
}

function command(path, members) {
  const lines = Object.entries(members).map(([name, value]) => `"${name}": "${value}"`);
  return [
    `curl ${location.origin}${path} \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '{${lines.join(",\n       ")}}'`,
  ].join("\n");
}

function task(needsSetup) {
  const chosen = "The password is yours to choose: 10 characters or more.";
  if (location.pathname === "/invitation") {
    const members = { token: token(), name: "You", password: "..." };
    return {
      heading: "You are invited",
      before: "With a name and a password, this link makes you one of the people here, once:",
      command: command("/api/invitations/accept", members),
      after: chosen,
    };
  }
  if (location.pathname === "/password-reset") {
    return {
      heading: "A new password",
      before: "By this link you set a new password, once. Your sessions end:",
      command: command("/api/password-resets/use", { token: token(), password: "..." }),
      after: chosen,
    };
  }
  if (needsSetup) {
    const members = { token: token(), email: "you@example.com", name: "You", password: "..." };
    return {
      heading: "Set-up is needed",
      before: "The terminal that runs heliograph serve has printed a one-time link. Its token" +
        " makes the first admin:",
      command: command("/api/setup", members),
      after: `${chosen} There is no default one.`,
    };
  }
  return {
    heading: "Sign in",
    before: "Who has an email and a password here gets a token for the API:",
    command: command("/api/session", { email: "you@example.com", password: "..." }),
    after: "Send the access_token of the answer with each request, as the header" +
      " Authorization: Bearer TOKEN. Try it with /api/me.",
  };
}

function offer({ heading, before, command, after }) {
  byId("task-heading").textContent = heading;
  byId("task-before").textContent = before;
  byId("task-command").textContent = command;
  byId("task-after").textContent = after;
  byId("task").hidden = false;
}

async function look() {
  let told;
  try {
    const response = await fetch("/api/health", { headers: { Accept: "application/json" } });
    told = await response.json();
  } catch {
    told = {};
  }
  const checks = told.checks ?? [];
  byId("task").hidden = true;
  if (!(told.status in SAID)) {
    show("failing", "The API does not answer. Is it running?", []);
    return;
  }
  const lacks = checks.filter((check) => !check.ok).map((check) => check.name);
  if (lacks.join() === "setup") {
    show(told.status, "It runs, and waits for its first admin.", []);
  } else {
    show(told.status, SAID[told.status], checks);
  }
  if (told.status !== "failing") {
    offer(task(lacks.includes("setup")));
  }
}

await look();
window.addEventListener("hashchange", look);

/** The SSL modes of the API, the one that protects nothing first. */
export const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** What a connection URL says; what it does not say is absent. */
export interface UrlParts {
  host?: string;
  port?: string;
  database?: string;
  username?: string;
  password?: string;
  sslMode?: SslMode;
}

export type UrlReading =
  | { isUrl: false }
  | { isUrl: true; parts: UrlParts; left: string[] }
  | { isUrl: true; problem: string };

const SCHEME = /^\s*(?:jdbc:)?postgres(?:ql)?:\/\//i;
const WHOLE =
  /^(?:(?<user>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<host>\[[^\]]+\]|[^:/?#,@[\]]*)(?::(?<port>\d*))?(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const ENCODE =
  "Special characters in its user or password must be percent-encoded: @ is %40, : is %3A, / is %2F.";

/**
 * Read `postgresql://user:password@host:port/database?sslmode=require`, as libpq does.
 *
 * `left` names the parameters that a connection here has no field for. Nothing of the text is in a
 * problem: it may hold a password.
 */
export function readConnectionUrl(text: string): UrlReading {
  if (!SCHEME.test(text)) {
    return { isUrl: false };
  }
  const rest = text.trim().replace(SCHEME, "");
  if (/^[^/?#]*,/.test(rest.replace(/^[^@]*@/, ""))) {
    return problem("It names several hosts. A connection here has one.");
  }
  const groups = WHOLE.exec(rest)?.groups;
  if (!groups) {
    return problem(`This address cannot be read. ${ENCODE}`);
  }
  try {
    return understood(groups);
  } catch (error) {
    if (error instanceof URIError) {
      return problem(`A % in it is not followed by two hexadecimal digits. ${ENCODE}`);
    }
    throw error;
  }
}

function problem(text: string): UrlReading {
  return { isUrl: true, problem: text };
}

function understood(groups: Record<string, string | undefined>): UrlReading {
  const parts: UrlParts = {};
  const left: string[] = [];
  const set = (name: Exclude<keyof UrlParts, "sslMode">, encoded: string | undefined) => {
    if (encoded) {
      parts[name] = decodeURIComponent(encoded);
    }
  };
  set("host", groups["host"]?.replace(/^\[|\]$/g, ""));
  set("port", groups["port"]);
  set("database", groups["database"]);
  set("username", groups["user"]);
  set("password", groups["password"]);
  for (const pair of (groups["query"] ?? "").split("&").filter(Boolean)) {
    const at = pair.indexOf("=");
    const name = decodeURIComponent(at < 0 ? pair : pair.slice(0, at));
    const value = at < 0 ? "" : pair.slice(at + 1);
    const field = PARAMETERS[name];
    if (field) {
      set(field, value);
    } else if (name === "sslmode" || (name === "ssl" && value === "true")) {
      const mode = name === "ssl" ? "require" : decodeURIComponent(value);
      const known = SSL_MODES.find((one) => one === (mode === "allow" ? "prefer" : mode));
      if (!known) {
        return problem("Its sslmode is none that PostgreSQL has.");
      }
      parts.sslMode = known;
    } else {
      left.push(name);
    }
  }
  if (parts.host?.startsWith("/")) {
    return problem("It names a socket. A connection here goes to a host name or an address.");
  }
  return { isUrl: true, parts, left };
}

const PARAMETERS: Record<string, Exclude<keyof UrlParts, "sslMode">> = {
  host: "host",
  port: "port",
  dbname: "database",
  user: "username",
  password: "password",
};

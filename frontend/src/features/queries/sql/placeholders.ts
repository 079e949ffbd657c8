/**
 * Placeholders, read as the server reads them: `{{name}}`, optional `[[ ... ]]` clauses, `$n`.
 *
 * docs/reference/query.md#placeholders has the rules; tests/golden/placeholders.json holds what both
 * sides must say of the same text. Offsets are those of JavaScript: UTF-16 units from 0.
 */

export type TokenKind =
  | "line_comment"
  | "block_comment"
  | "string"
  | "identifier"
  | "dollar_quote"
  | "positional"
  | "placeholder"
  | "bracket"
  | "word"
  | "space"
  | "other";

export interface Token {
  kind: TokenKind;
  start: number;
  end: number;
  /** Of a placeholder. */
  name?: string;
  /** Of `$n`. */
  number?: number;
}

export interface Malformed {
  code: "placeholder_invalid" | "parameters_mixed";
  message: string;
  /** Where, or null when the text as a whole is meant. */
  offset: number | null;
}

export interface Template {
  tokens: Token[];
  /** Every optional clause: from its first `[` to behind its last `]`. */
  clauses: { start: number; end: number }[];
  /** In the order in which they appear. */
  names: string[];
  /** Named at least once outside of every optional clause. */
  required: Set<string>;
  /** The numbers of `$n`. */
  positions: Set<number>;
  problem: Malformed | null;
}

const WORD = String.raw`[\p{L}\p{N}_]`;
const LETTER = String.raw`[\p{L}\p{Nl}\p{No}_]`;
const TOKEN = new RegExp(
  [
    String.raw`(?<line_comment>--[^\r\n]*)`,
    String.raw`(?<block_comment>/\*)`,
    String.raw`(?<escape_string>(?<![\p{L}\p{N}_$])[eE]'(?:[^'\\]|\\.|''|'\s*[\r\n]\s*')*(?:'|$))`,
    "(?<string>'(?:[^']|'')*(?:'|$))",
    '(?<identifier>"(?:[^"]|"")*(?:"|$))',
    String.raw`(?<dollar_quote>(?<![\p{L}\p{N}_$])\$(?:${LETTER}${WORD}*)?\$)`,
    String.raw`(?<positional>(?<![\p{L}\p{N}_$])\$(?<number>\p{Nd}+))`,
    String.raw`(?<placeholder>\{\{)`,
    String.raw`(?<bracket>[\[\]])`,
    String.raw`(?<word>${LETTER}[\p{L}\p{N}_$]*)`,
    String.raw`(?<space>\s+)`,
    "(?<other>.)",
  ].join("|"),
  "suy",
);
const PLACEHOLDER = new RegExp(String.raw`\{\{\s*(?<name>${LETTER}${WORD}*)\s*\}\}`, "uy");
const MOST_POSITION = 65_535; // The protocol counts parameters in 16 bits.

/** Read the placeholders of `sql`; what is malformed is told in `problem`, and the rest is read. */
export function parseTemplate(sql: string): Template {
  const { tokens, problem } = tokenize(sql);
  const ranges = findClauses(sql, tokens);
  const inside = new Set(ranges.flatMap(([first, last]) => range(first, last)));
  const named = tokens.flatMap((token, index) =>
    token.kind === "placeholder" && token.name !== undefined
      ? [{ name: token.name, isInside: inside.has(index) }]
      : [],
  );
  const names = [...new Set(named.map(({ name }) => name))];
  const positions = new Set(
    tokens.flatMap((token) => (token.kind === "positional" ? [token.number ?? 0] : [])),
  );
  return {
    tokens,
    clauses: ranges.map(([first, last]) => ({
      start: tokens[first]?.start ?? 0,
      end: tokens[last]?.end ?? sql.length,
    })),
    names,
    required: new Set(named.filter(({ isInside }) => !isInside).map(({ name }) => name)),
    positions,
    problem: problem ?? (names.length > 0 && positions.size > 0 ? mixed() : null),
  };
}

/** Cut SQL into tokens, PostgreSQL's way; every character is in one of them. */
export function tokenize(sql: string): { tokens: Token[]; problem: Malformed | null } {
  const tokens: Token[] = [];
  let problem: Malformed | null = null;
  let position = 0;
  while (position < sql.length) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(sql);
    const groups = match?.groups ?? {};
    let end = position + (match?.[0].length ?? 1);
    let token: Token = { kind: kindOf(groups), start: position, end };
    if (token.kind === "block_comment") {
      end = endOfComment(sql, end);
    } else if (token.kind === "dollar_quote") {
      const mark = groups["dollar_quote"] ?? "";
      const closing = sql.indexOf(mark, end);
      end = closing < 0 ? sql.length : closing + mark.length;
    } else if (token.kind === "positional") {
      const number = Number(groups["number"]);
      token = { ...token, number };
      if (!(number >= 1 && number <= MOST_POSITION)) {
        problem ??= invalid(
          `There is no parameter $${groups["number"]}: they count from $1.`,
          position,
        );
      }
    } else if (token.kind === "placeholder") {
      PLACEHOLDER.lastIndex = position;
      const whole = PLACEHOLDER.exec(sql);
      if (whole?.groups) {
        end = position + whole[0].length;
        token = { ...token, name: whole.groups["name"] ?? "" };
      } else {
        problem ??= invalid("A name must follow {{, and then }}: {{start_date}}.", position);
      }
    }
    tokens.push({ ...token, end });
    position = end;
  }
  return { tokens, problem };
}

function kindOf(groups: Record<string, string | undefined>): TokenKind {
  for (const [kind, text] of Object.entries(groups)) {
    if (text !== undefined && kind !== "number") {
      return kind === "escape_string" ? "string" : (kind as TokenKind);
    }
  }
  return "other";
}

function invalid(message: string, offset: number): Malformed {
  return { code: "placeholder_invalid", message, offset };
}

function mixed(): Malformed {
  return {
    code: "parameters_mixed",
    message: "The SQL uses both $n and {{name}}. Use one kind throughout.",
    offset: null,
  };
}

function endOfComment(sql: string, from: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = from;
  for (let depth = 1; depth > 0; ) {
    const found = edge.exec(sql);
    if (!found) {
      return sql.length;
    }
    depth += found[0] === "/*" ? 1 : -1;
  }
  return edge.lastIndex;
}

function findClauses(sql: string, tokens: Token[]): [number, number][] {
  const clauses: [number, number][] = [];
  for (let index = 0; index < tokens.length; index++) {
    if (!isBracket(sql, tokens, index, "[")) {
      continue;
    }
    const last = endOfBrackets(sql, tokens, index);
    if (isArrayConstructor(sql, tokens, index)) {
      index = last; // Whatever stands inside is array syntax.
    } else if (opensClause(sql, tokens, index, last)) {
      clauses.push([index, last]);
      index = last;
    }
  }
  return clauses;
}

function isBracket(sql: string, tokens: Token[], index: number, bracket: string): boolean {
  const token = tokens[index];
  return token !== undefined && sql[token.start] === bracket;
}

function endOfBrackets(sql: string, tokens: Token[], first: number): number {
  let depth = 0;
  for (let index = first; index < tokens.length; index++) {
    const token = tokens[index];
    if (token?.kind === "bracket") {
      depth += sql[token.start] === "[" ? 1 : -1;
      if (depth === 0) {
        return index;
      }
    }
  }
  return tokens.length - 1;
}

const BETWEEN: readonly TokenKind[] = ["space", "line_comment", "block_comment"];
const SUBSCRIPTED: readonly TokenKind[] = ["word", "identifier", "placeholder", "positional"];

function isArrayConstructor(sql: string, tokens: Token[], index: number): boolean {
  const before = tokens.slice(0, index).findLast((token) => !BETWEEN.includes(token.kind));
  return before !== undefined && sql.slice(before.start, before.end).toLowerCase() === "array";
}

/** A clause is `[[ ... ]]` around a placeholder and touches nothing that has subscripts. */
function opensClause(sql: string, tokens: Token[], first: number, last: number): boolean {
  const before = tokens[first - 1];
  return (
    isBracket(sql, tokens, first + 1, "[") &&
    isBracket(sql, tokens, last, "]") &&
    isBracket(sql, tokens, last - 1, "]") &&
    endOfBrackets(sql, tokens, first + 1) === last - 1 &&
    (before === undefined ||
      (!SUBSCRIPTED.includes(before.kind) && !"])".includes(sql[before.start] ?? " "))) &&
    tokens.slice(first, last).some((token) => token.kind === "placeholder")
  );
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

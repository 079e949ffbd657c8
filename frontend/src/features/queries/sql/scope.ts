import { type Token, tokenize } from "./placeholders";
import { nameOf } from "./quote-name";
import { statementAt } from "./statements";

/** A table that a statement names, or a query of its own that it gives a name to. */
export interface Source {
  /** By what columns are reached: the alias, else the table's name. */
  alias: string;
  schema: string | null;
  /** Null for a subquery. */
  table: string | null;
  /** What a subquery or a CTE gives, as far as it can be read. */
  columns: string[] | null;
}

interface Word {
  text: string;
  /** In lower case, "" for a quoted identifier: those are never keywords. */
  key: string;
  isName: boolean;
}

const AFTER_TABLE = new Set(
  `on using where group order having limit offset fetch for union intersect except window join inner
  left right full cross natural lateral tablesample returning as select set values with into`.split(
    /\s+/,
  ),
);
const ENDS_FROM = new Set(
  "where group order having limit offset fetch for union intersect except window returning".split(
    " ",
  ),
);

/** Return what the statement at `offset` reads from: tables with aliases, CTEs, subqueries. */
export function sourcesAt(sql: string, offset: number): Source[] {
  const statement = statementAt(sql, offset);
  if (!statement) {
    return [];
  }
  const text = sql.slice(statement.start, statement.end);
  const words = wordsOf(text, tokenize(text).tokens);
  const ctes = ctesOf(words);
  const found: Source[] = [];
  for (let index = 0; index < words.length; index++) {
    const key = words[index]?.key ?? "";
    if (key === "from" && !isFunctionFrom(words, index)) {
      readFrom(words, index + 1, found);
    } else if (key === "join") {
      readSource(words, index + 1, found);
    }
  }
  const resolved = found.map((source) => {
    const cte = source.schema === null && ctes.find(({ alias }) => alias === source.table);
    return cte ? { ...source, table: null, columns: cte.columns } : source;
  });
  return unique([...resolved, ...ctes]);
}

/** The CTEs and the tables' names that FROM may take. */
export function ctesAt(sql: string, offset: number): string[] {
  const statement = statementAt(sql, offset);
  const text = statement ? sql.slice(statement.start, statement.end) : "";
  return ctesOf(wordsOf(text, tokenize(text).tokens)).map(({ alias }) => alias);
}

function wordsOf(text: string, tokens: Token[]): Word[] {
  return tokens.flatMap((token) => {
    if (["space", "line_comment", "block_comment"].includes(token.kind)) {
      return [];
    }
    const written = text.slice(token.start, token.end);
    const isName = token.kind === "word" || token.kind === "identifier";
    return [
      {
        text: written,
        key: token.kind === "word" ? written.toLowerCase() : isName ? "" : written,
        isName,
      },
    ];
  });
}

/** `extract(year from day)` and the like name no table. */
function isFunctionFrom(words: Word[], index: number): boolean {
  let depth = 0;
  for (let at = index - 1; at >= 0; at--) {
    const key = words[at]?.key;
    depth += key === ")" ? 1 : key === "(" ? -1 : 0;
    if (depth < 0) {
      return /^(extract|substring|trim|overlay|position)$/.test(words[at - 1]?.key ?? "");
    }
    if (key === "select" && depth === 0) {
      return false;
    }
  }
  return false;
}

function readFrom(words: Word[], start: number, found: Source[]): void {
  let index = readSource(words, start, found);
  for (let depth = 0; index < words.length; index++) {
    const key = words[index]?.key ?? "";
    if (depth === 0 && (ENDS_FROM.has(key) || key === ";" || key === ")")) {
      return;
    }
    depth += key === "(" ? 1 : key === ")" ? -1 : 0;
    if (depth === 0 && key === ",") {
      index = readSource(words, index + 1, found) - 1;
    }
  }
}

/** Read one table or subquery with its alias; return the index behind it. */
function readSource(words: Word[], start: number, found: Source[]): number {
  let index = start;
  while (["only", "lateral"].includes(words[index]?.key ?? "")) {
    index++;
  }
  if (words[index]?.key === "(") {
    const close = closingOf(words, index);
    const alias = aliasAt(words, close + 1);
    if (alias) {
      const columns = alias.columns ?? selectedOf(words.slice(index + 1, close));
      found.push({ alias: alias.name, schema: null, table: null, columns });
    }
    return alias?.next ?? close + 1;
  }
  const first = words[index];
  if (!first?.isName || AFTER_TABLE.has(first.key)) {
    return index;
  }
  const isQualified = words[index + 1]?.key === "." && words[index + 2]?.isName === true;
  const last = isQualified ? (words[index + 2] as Word) : first;
  index += isQualified ? 3 : 1;
  if (words[index]?.key === "(") {
    index = closingOf(words, index) + 1; // A function in FROM.
  }
  const alias = aliasAt(words, index);
  const table = nameOf(last.text);
  const schema = isQualified ? nameOf(first.text) : null;
  found.push({ alias: alias?.name ?? table, schema, table, columns: alias?.columns ?? null });
  return alias?.next ?? index;
}

function aliasAt(words: Word[], start: number) {
  const index = words[start]?.key === "as" ? start + 1 : start;
  const word = words[index];
  if (!word?.isName || AFTER_TABLE.has(word.key)) {
    return null;
  }
  const isListed = words[index + 1]?.key === "(";
  const close = isListed ? closingOf(words, index + 1) : index;
  const columns = isListed ? namesIn(words.slice(index + 2, close)) : null;
  return { name: nameOf(word.text), columns, next: close + 1 };
}

function ctesOf(words: Word[]): Source[] {
  const found: Source[] = [];
  for (let index = 1; index < words.length - 1; index++) {
    const before = words[index - 1]?.key ?? "";
    const word = words[index];
    if (!word?.isName || !(before === "with" || before === "recursive" || before === ",")) {
      continue;
    }
    let next = index + 1;
    let columns: string[] | null = null;
    if (words[next]?.key === "(") {
      const close = closingOf(words, next);
      columns = namesIn(words.slice(next + 1, close));
      next = close + 1;
    }
    if (words[next]?.key !== "as") {
      continue;
    }
    next += 1;
    while (["not", "materialized"].includes(words[next]?.key ?? "")) {
      next++;
    }
    if (words[next]?.key === "(") {
      const body = words.slice(next + 1, closingOf(words, next));
      const selected = columns ?? selectedOf(body);
      found.push({ alias: nameOf(word.text), schema: null, table: null, columns: selected });
    }
  }
  return found;
}

/** The names that a SELECT gives to what it selects; null where `*` or an expression hides them. */
function selectedOf(words: Word[]): string[] | null {
  if (words[0]?.key !== "select") {
    return null;
  }
  const names: string[] = [];
  let depth = 0;
  let last: Word | null = null;
  for (const word of words.slice(1)) {
    depth += word.key === "(" ? 1 : word.key === ")" ? -1 : 0;
    const isEnd = depth === 0 && (word.key === "," || word.key === "from");
    if (isEnd && last?.isName) {
      names.push(nameOf(last.text));
    }
    if (isEnd && word.key === "from") {
      break;
    }
    last = isEnd ? null : word;
  }
  if (last?.isName && depth === 0) {
    names.push(nameOf(last.text));
  }
  return names.length > 0 ? [...new Set(names)] : null;
}

function closingOf(words: Word[], open: number): number {
  let depth = 0;
  for (let index = open; index < words.length; index++) {
    const key = words[index]?.key;
    depth += key === "(" ? 1 : key === ")" ? -1 : 0;
    if (depth === 0) {
      return index;
    }
  }
  return words.length;
}

function namesIn(words: Word[]): string[] {
  return words.filter((word) => word.isName).map((word) => nameOf(word.text));
}

function unique(sources: Source[]): Source[] {
  const seen = new Set<string>();
  return sources.filter(({ alias }) => !seen.has(alias) && seen.add(alias));
}

import { tokenize } from "./placeholders";

/** A piece of the editor's text. */
export interface Piece {
  text: string;
  /** Where it begins in the editor, in UTF-16 units. */
  offset: number;
}

export interface Statement {
  /** From its first character that is neither blank nor comment... */
  start: number;
  /** ...to behind its semicolon, or the end of the text. */
  end: number;
}

/** Cut the text at its semicolons, those in quotes and comments left alone. */
export function splitStatements(sql: string): Statement[] {
  const found: Statement[] = [];
  let start: number | null = null;
  for (const token of tokenize(sql).tokens) {
    const isBlank =
      token.kind === "space" || token.kind === "line_comment" || token.kind === "block_comment";
    if (token.kind === "other" && sql[token.start] === ";") {
      if (start !== null) {
        found.push({ start, end: token.end });
      }
      start = null;
    } else if (!isBlank) {
      start ??= token.start;
    }
  }
  if (start !== null) {
    found.push({ start, end: sql.length });
  }
  return found;
}

/** Return the statement at a place: the last one that begins before it, else the first. */
export function statementAt(sql: string, offset: number): Statement | null {
  const statements = splitStatements(sql);
  return statements.findLast(({ start }) => start <= offset) ?? statements[0] ?? null;
}

/**
 * Return what a run is to send: the selection if there is one, else the only statement with all that
 * stands around it, else the statement at the cursor. Null where there is nothing to run.
 */
export function pieceToRun(sql: string, from: number, to: number): Piece | null {
  const selected = trimmed({ text: sql.slice(from, to), offset: from });
  if (selected) {
    return selected;
  }
  const statements = splitStatements(sql);
  if (statements.length <= 1) {
    return statements.length === 1 ? { text: sql, offset: 0 } : null;
  }
  const at = statementAt(sql, to);
  return at && trimmed({ text: sql.slice(at.start, at.end), offset: at.start });
}

/** The place in the editor of a position in a piece, which the server counts in characters from 1. */
export function offsetOf(piece: Piece, position: number): number {
  let offset = 0;
  for (const character of firstCharacters(piece.text, position - 1)) {
    offset += character.length;
  }
  return piece.offset + offset;
}

function* firstCharacters(text: string, count: number): Generator<string> {
  let left = count;
  for (const character of text) {
    if (left-- <= 0) {
      return;
    }
    yield character;
  }
}

function trimmed({ text, offset }: Piece): Piece | null {
  const content = text.trim();
  return content ? { text: content, offset: offset + text.indexOf(content) } : null;
}

import { type CellValue, type ColumnKind, type GridColumn, RawJson } from "./types";

const LONGEST_SHOWN = 300;
const NUMBERS: ReadonlySet<ColumnKind> = new Set(["integer", "bigint", "numeric", "float"]);

export function isNumeric(column: GridColumn): boolean {
  return NUMBERS.has(column.kind);
}

/** The value exactly as PostgreSQL writes it; NULL is null. JSON and arrays are JSON. */
export function cellText(value: CellValue | undefined, column: GridColumn): string | null {
  if (value === null || value === undefined) {
    return null;
  }
  if (value instanceof RawJson) {
    return value.text;
  }
  return typeof value === "number" ? numberText(value, column.type) : String(value);
}

/** What fits into one line of a table: the beginning, line breaks as signs. */
export function shownText(text: string): string {
  const beginning = text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
  return beginning.replaceAll(/\r\n|\r|\n/g, " ⏎ ").replaceAll("\t", " ⇥ ");
}

/**
 * PostgreSQL's text of a number that came as JSON's.
 *
 * Floats have an exponent outside of 1e-4 to 1e15 (float4: 1e6), of two digits at least:
 * https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT
 */
function numberText(value: number, type: string): string {
  if (type !== "float4" && type !== "float8") {
    return String(value);
  }
  if (Object.is(value, -0)) {
    return "-0";
  }
  const [digits = "", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (value === 0 || (exponent >= -4 && exponent < (type === "float4" ? 6 : 15))) {
    return String(value);
  }
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits}e${exponent < 0 ? "-" : "+"}${size}`;
}

/**
 * Lay out SQL over lines, PostgreSQL's way; placeholders and optional clauses stay as they are.
 *
 * Raises what the formatter says where it cannot read the text.
 */
export async function formatSql(sql: string): Promise<string> {
  const { formatDialect, postgresql } = await import("sql-formatter");
  return formatDialect(sql, {
    dialect: postgresql,
    tabWidth: 2,
    keywordCase: "preserve",
    expressionWidth: 80,
    linesBetweenQueries: 1,
    paramTypes: {
      numbered: ["$"],
      custom: [
        { regex: String.raw`\{\{\s*[\p{L}_][\p{L}\p{N}_]*\s*\}\}` },
        { regex: String.raw`\[\[|\]\]` },
      ],
    },
  });
}

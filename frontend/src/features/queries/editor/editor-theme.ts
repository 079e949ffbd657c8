import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// Only names of the theme, so that dark and light follow the page by themselves.
const look = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--surface)" },
  // The caret shows the focus as well; a box around so much white would shout.
  "&.cm-focused": { outline: "none" },
  "&.cm-focused .cm-gutters": { boxShadow: "inset -2px 0 0 var(--focus)" },
  ".cm-scroller": {
    fontFamily: "var(--font-mono, 'JetBrains Mono', ui-monospace, monospace)",
    fontSize: "0.8125rem",
    lineHeight: "1.4rem",
    fontVariantLigatures: "none",
  },
  ".cm-content": { padding: "0.5rem 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 0.75rem 0 0.5rem" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-gutters": {
    backgroundColor: "var(--surface)",
    color: "var(--quiet)",
    border: "none",
    borderRight: "1px solid var(--line)",
  },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "2.25rem", padding: "0 0.5rem 0 0.25rem" },
  ".cm-activeLine": { backgroundColor: "color-mix(in oklch, var(--hover) 45%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "color-mix(in oklch, var(--sun) 38%, transparent)" },
  ".cm-selectionMatch": { backgroundColor: "var(--sun-soft)" },
  ".cm-searchMatch": { backgroundColor: "var(--sun-soft)", outline: "1px solid var(--sun-text)" },
  ".cm-searchMatch.cm-searchMatch-selected": {
    backgroundColor: "var(--sun)",
    color: "var(--sun-ink)",
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--sun-soft)",
    outline: "1px solid var(--sun-text)",
  },
  "&.cm-focused .cm-nonmatchingBracket": { color: "var(--bad)", backgroundColor: "transparent" },
  ".cm-placeholder": { color: "var(--quiet)" },
  ".cm-parameter *": { color: "inherit", fontWeight: "inherit" },
  ".cm-parameter": {
    color: "var(--sun-text)",
    backgroundColor: "var(--sun-soft)",
    borderRadius: "3px",
    padding: "1px 0",
  },
  ".cm-clause, .cm-clause *": { color: "var(--sun-text)", fontWeight: "600" },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad) 1.5px",
    textUnderlineOffset: "3px",
  },
  ".cm-lint-marker-error": { content: "none", width: "0.5rem", height: "0.5rem" },
  ".cm-lint-marker": {
    borderRadius: "999px",
    backgroundColor: "var(--bad)",
    margin: "0.45rem 0.2rem",
  },
  ".cm-gutter-lint": { width: "0.9rem" },
  ".cm-panels": {
    backgroundColor: "var(--sunken)",
    color: "var(--ink)",
    borderColor: "var(--line)",
    fontFamily: "var(--font-sans, sans-serif)",
  },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "0.5rem", fontSize: "0.8125rem" },
  ".cm-panel.cm-search input, .cm-panel.cm-search button": { minHeight: "1.625rem" },
  ".cm-textfield": {
    backgroundColor: "var(--surface)",
    color: "var(--ink)",
    border: "1px solid var(--line-strong)",
    borderRadius: "4px",
    fontSize: "inherit",
  },
  ".cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--surface)",
    color: "var(--ink)",
    border: "1px solid var(--line)",
    borderRadius: "4px",
    fontSize: "inherit",
  },
  ".cm-panel.cm-search [name=close]": {
    minWidth: "1.625rem",
    color: "var(--quiet)",
    fontSize: "1rem",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--ink)",
    border: "1px solid var(--line)",
    borderRadius: "6px",
    boxShadow: "0 12px 32px -8px var(--shadow-color), 0 2px 8px var(--shadow-color)",
    overflow: "hidden",
  },
  ".cm-tooltip-lint": { fontFamily: "var(--font-sans, sans-serif)", maxWidth: "32rem" },
  ".cm-diagnostic": {
    padding: "0.5rem 0.75rem",
    borderLeft: "3px solid var(--bad)",
    whiteSpace: "pre-line",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--font-mono, monospace)",
    fontSize: "0.8125rem",
    maxHeight: "17rem",
    minWidth: "16rem",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": {
    display: "flex",
    alignItems: "center",
    gap: "0.5rem",
    padding: "0.125rem 0.625rem",
    minHeight: "1.5rem",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--sun-soft)",
    color: "var(--ink)",
  },
  ".cm-completionLabel": { flexShrink: "0" },
  ".cm-completionMatchedText": {
    textDecoration: "none",
    fontWeight: "700",
    color: "var(--sun-text)",
  },
  ".cm-completionDetail": {
    marginLeft: "auto",
    paddingLeft: "1rem",
    fontStyle: "normal",
    color: "var(--quiet)",
    fontSize: "0.75rem",
    maxWidth: "18rem",
    overflow: "hidden",
    textOverflow: "ellipsis",
  },
  ".cm-completionIcon": {
    width: "1.1rem",
    padding: "0",
    opacity: "1",
    color: "var(--quiet)",
    fontSize: "0.6875rem",
    textAlign: "center",
    flexShrink: "0",
  },
  ".cm-completionIcon-column::after": { content: "'C'" },
  ".cm-completionIcon-table::after": { content: "'T'" },
  ".cm-completionIcon-view::after": { content: "'V'" },
  ".cm-completionIcon-schema::after": { content: "'S'" },
  ".cm-completionIcon-function::after": { content: "'ƒ'" },
  ".cm-completionIcon-keyword::after": { content: "'K'" },
  ".cm-completionIcon-parameter::after": { content: "'{}'" },
  ".cm-completionIcon-alias::after": { content: "'A'" },
  ".cm-tooltip.cm-completionInfo": {
    padding: "0.375rem 0.625rem",
    fontFamily: "var(--font-sans, sans-serif)",
    fontSize: "0.8125rem",
    maxWidth: "20rem",
  },
  // On a phone it would cover the options that it explains.
  "@media (max-width: 40rem)": { ".cm-tooltip.cm-completionInfo": { display: "none" } },
});

const highlighting = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--ink)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
  { tag: tags.typeName, color: "var(--sun-text)" },
  { tag: tags.operator, color: "var(--quiet)" },
  { tag: tags.punctuation, color: "var(--quiet)" },
]);

export const editorTheme = [look, syntaxHighlighting(highlighting)];

/** What was true a moment ago: readable, but without colour and on the ground of what is over. */
export const GREYED = "grayscale [--ink:var(--quiet)] [--surface:var(--sunken)]";

import { type Run, rowsText } from "../run/run";

export interface ResultPaneProps {
  run: Run;
  /** It is older than what was asked last. */
  isStale: boolean;
  onView: (run: Run) => void;
}

/** The rows of a run. */
export function ResultPane({ run }: ResultPaneProps) {
  return <p className="p-4 text-sm">{rowsText(run.row_count ?? 0)}</p>;
}

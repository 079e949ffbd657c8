import { CopyButton } from "@/components/copy";
import { exactTime } from "@/lib/times";
import type { PastQuery } from "../list-queries";
import { durationText, rowsText } from "../run/run";

/** Everything that the history knows of a run. */
export function QueryFacts({ query }: { query: PastQuery }) {
  const facts: [string, string | null][] = [
    ["Asked", exactTime(new Date(query.requested_at))],
    ["Ended", query.finished_at && exactTime(new Date(query.finished_at))],
    ["Duration", query.duration_ms === null ? null : durationText(query.duration_ms)],
    [
      "Rows",
      query.row_count === null
        ? null
        : rowsText(query.row_count) + (query.truncated ? ", cut" : ""),
    ],
    ["Read", query.cached_at && `${exactTime(new Date(query.cached_at))}, from the cache`],
    ["Result", query.has_rows ? "still kept" : "no longer kept"],
    ["Values", query.params === null ? null : JSON.stringify(query.params)],
    ["By", query.user_email],
    ["Error", query.error && [query.error.message, query.error.hint].filter(Boolean).join(" ")],
    ["Code", query.error && [query.error.code, query.error.sqlstate].filter(Boolean).join(", ")],
    ["Query", query.id],
  ];
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-start gap-2">
        <pre className="max-h-72 min-w-0 flex-1 overflow-auto font-mono text-sm whitespace-pre-wrap">
          {query.sql}
        </pre>
        <CopyButton text={query.sql} label="Copy the SQL" />
      </div>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5 text-sm">
        {facts.map(([name, value]) =>
          value ? (
            <div key={name} className="contents">
              <dt className="text-quiet">{name}</dt>
              <dd className="min-w-0 [overflow-wrap:anywhere]">{value}</dd>
            </div>
          ) : null,
        )}
      </dl>
    </div>
  );
}

import { api } from "@/api/client";
import type { components } from "@/api/schema";
import { unwrap } from "@/api/transport";

export type PastQuery = components["schemas"]["PastQueryAnswer"];

export interface HistoryFilters {
  connection?: string | undefined;
  state?: string | undefined;
  q?: string | undefined;
  /** Days as `2026-01-31`, in the time zone of the browser; `to` is the last one. */
  from?: string | undefined;
  to?: string | undefined;
}

/** A page of the history, the latest first; admins get everybody's. */
export function fetchQueries(filters: HistoryFilters, cursor?: string, signal?: AbortSignal) {
  const { connection, state, q, from, to } = filters;
  const query = {
    limit: 50,
    ...(cursor ? { cursor } : {}),
    ...(connection ? { connection_id: connection } : {}),
    ...(state ? { state } : {}),
    ...(q ? { search: q } : {}),
    ...(from ? { from: startOfDay(from, 0) } : {}),
    ...(to ? { to: startOfDay(to, 1) } : {}),
  };
  return unwrap(api.GET("/api/queries", { params: { query }, ...(signal ? { signal } : {}) }));
}

/** When the day begins here, or the one so many days later. */
export function startOfDay(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

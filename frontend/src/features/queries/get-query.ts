import { queryOptions } from "@tanstack/react-query";
import { runApi } from "./run/run-api";

/** A run as it is now, with its first rows while they are kept. */
export const getQuery = (id: string) =>
  queryOptions({
    queryKey: ["queries", id],
    queryFn: ({ signal }) => runApi.look(id, 0, signal),
  });

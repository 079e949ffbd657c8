import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import type { components } from "./schema";
import { unwrap } from "./transport";

export type Person = components["schemas"]["UserAnswer"];
export type Group = components["schemas"]["GroupAnswer"];

const MOST_FOUND = 20;
const RARELY_CHANGES_MS = 300_000;

/** People to choose from, by a part of their name or email; editors and admins may ask. */
export const peopleFoundQuery = (search: string) =>
  queryOptions({
    queryKey: ["users", "found", search],
    queryFn: async ({ signal }) => {
      const query = { limit: MOST_FOUND, is_active: true, ...(search ? { search } : {}) };
      return (await unwrap(api.GET("/api/users", { params: { query }, signal }))).items;
    },
  });

/** Groups to choose from, by a part of their name. */
export const groupsFoundQuery = (search: string) =>
  queryOptions({
    queryKey: ["groups", "found", search],
    queryFn: async ({ signal }) => {
      const query = { limit: MOST_FOUND, ...(search ? { search } : {}) };
      return (await unwrap(api.GET("/api/groups", { params: { query }, signal }))).items;
    },
  });

/** One person, for the name behind an id. */
export const personQuery = (id: string) =>
  queryOptions({
    queryKey: ["users", id],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/users/{user_id}", { params: { path: { user_id: id } }, signal })),
    staleTime: RARELY_CHANGES_MS,
  });

/** Every group, page after page: for a choice of several. */
export const allGroupsQuery = () =>
  queryOptions({
    queryKey: ["groups", "all"],
    queryFn: async ({ signal }) => {
      const groups: Group[] = [];
      let cursor: string | null = null;
      do {
        const query: { limit: number; cursor?: string } = {
          limit: 200,
          ...(cursor === null ? {} : { cursor }),
        };
        const page: components["schemas"]["GroupsAnswer"] = await unwrap(
          api.GET("/api/groups", { params: { query }, signal }),
        );
        groups.push(...page.items);
        cursor = page.next;
      } while (cursor !== null);
      return groups;
    },
  });

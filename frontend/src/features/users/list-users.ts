import { api } from "@/api/client";
import { useListQuery } from "@/api/list-query";
import { unwrap } from "@/api/transport";
import type { RoleName } from "@/lib/roles";

export interface UsersFilter {
  search?: string | undefined;
  role?: RoleName | undefined;
  isActive?: boolean | undefined;
}

/** The people that fit, in the order of their emails. */
export function useUsers({ search, role, isActive }: UsersFilter) {
  return useListQuery({
    staleMs: 0,
    queryKey: ["users", "list", { search, role, isActive }],
    fetchPage: (cursor, signal) => {
      const query = {
        limit: 100,
        ...(cursor === undefined ? {} : { cursor }),
        ...(search ? { search } : {}),
        ...(role ? { role } : {}),
        ...(isActive === undefined ? {} : { is_active: isActive }),
      };
      return unwrap(api.GET("/api/users", { params: { query }, signal }));
    },
  });
}

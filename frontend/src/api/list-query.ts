import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";

export interface ListPage<T> {
  items: T[];
  next: string | null;
}

/** A list that the API gives page by page; what `DataList` takes. */
export interface ListQuery<T> {
  items: T[];
  error: unknown;
  isPending: boolean;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore: () => void;
  /** Fetch the rest, to sort or search all of it. */
  loadAll: () => Promise<void>;
  refetch: () => void;
  isRefetching: boolean;
}

export interface ListOptions<T> {
  /** Begins with the noun: `["users", { search }]`. */
  queryKey: QueryKey;
  fetchPage: (cursor: string | undefined, signal: AbortSignal) => Promise<ListPage<T>>;
  isEnabled?: boolean;
  /** How long a list counts as fresh; 0 for what others change too, so that each visit asks. */
  staleMs?: number;
}

export function useListQuery<T>({
  queryKey,
  fetchPage,
  isEnabled = true,
  staleMs,
}: ListOptions<T>): ListQuery<T> {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    enabled: isEnabled,
    ...(staleMs === undefined ? {} : { staleTime: staleMs }),
  });
  return {
    items: query.data?.pages.flatMap((page) => page.items) ?? [],
    error: query.error,
    isPending: query.isPending,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    loadAll: async () => {
      let { hasNextPage: hasMore } = query;
      while (hasMore) {
        const result = await query.fetchNextPage();
        hasMore = result.hasNextPage && !result.isError;
      }
    },
    refetch: () => void query.refetch(),
    isRefetching: query.isRefetching,
  };
}

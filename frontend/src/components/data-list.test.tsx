import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Inbox } from "lucide-react";
import { expect, test, vi } from "vitest";
import type { ListQuery } from "@/api/list-query";
import { Problem } from "@/api/problem";
import { DataList, type DataListProps } from "./data-list";

interface Person {
  id: string;
  name: string;
}

function listOf(names: string[], more: Partial<ListQuery<Person>> = {}): ListQuery<Person> {
  return {
    items: names.map((name) => ({ id: name, name })),
    error: null,
    isPending: false,
    hasMore: false,
    isLoadingMore: false,
    loadMore: vi.fn(),
    loadAll: vi.fn(async () => undefined),
    refetch: vi.fn(),
    isRefetching: false,
    ...more,
  };
}

function show(list: ListQuery<Person>, more: Partial<DataListProps<Person>> = {}) {
  return render(
    <DataList
      label="People"
      list={list}
      rowKey={(row) => row.id}
      columns={[{ key: "name", title: "Name", cell: (row) => row.name, sortBy: (row) => row.name }]}
      empty={{
        icon: Inbox,
        title: "Nobody yet",
        detail: "Invite somebody.",
        action: <button type="button">Invite</button>,
      }}
      {...more}
    />,
  );
}

const names = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((row) => within(row).getAllByRole("cell")[0]?.textContent);

test("an empty list says what to do, and a search without hits how to get out of it", async () => {
  const { unmount } = show(listOf([]));
  expect(screen.getByText("Nobody yet")).toBeDefined();
  expect(screen.getByRole("button", { name: "Invite" })).toBeDefined();
  unmount();
  const onChange = vi.fn();
  show(listOf(["Ada"]), {
    search: { value: "zzz", onChange, label: "Find people" },
    matches: (row, text) => row.name.includes(text),
  });
  expect(screen.queryByText("Nobody yet")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Clear the search" }));
  expect(onChange).toHaveBeenCalledWith("");
});

test("rows are searched and sorted, over the whole list", async () => {
  const list = listOf(["Grace", "Ada", "Alan"], { hasMore: true });
  const onSort = vi.fn();
  show(list, {
    search: { value: "a", onChange: vi.fn(), label: "Find people" },
    matches: (row, text) => row.name.startsWith(text.toUpperCase()),
    sort: { key: "name", direction: "descending" },
    onSort,
  });
  expect(names()).toEqual(["Alan", "Ada"]);
  expect(screen.getByRole("columnheader").getAttribute("aria-sort")).toBe("descending");
  await userEvent.click(screen.getByRole("button", { name: "Name" }));
  expect(onSort).toHaveBeenCalledWith({ key: "name", direction: "ascending" });
  expect(list.loadAll).toHaveBeenCalled();
});

test("more is fetched on demand", async () => {
  const list = listOf(["Ada"], { hasMore: true });
  show(list);
  await userEvent.click(screen.getByRole("button", { name: "Load more" }));
  expect(list.loadMore).toHaveBeenCalledTimes(1);
});

test("a list that failed shows the API's words, its code and id, and tries again", async () => {
  const error = new Problem({
    type: "urn:heliograph:error:database_unavailable",
    title: "Database unavailable",
    status: 503,
    code: "database_unavailable",
    detail: "The app database does not answer.",
    errors: [],
    request_id: "req-7",
  });
  const list = listOf([], { error });
  show(list);
  expect(screen.getByRole("alert").textContent).toContain("The app database does not answer.");
  expect(screen.getByText("req-7")).toBeDefined();
  expect(screen.queryByText("Nobody yet")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(list.refetch).toHaveBeenCalledTimes(1);
});

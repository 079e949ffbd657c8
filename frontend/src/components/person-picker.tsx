import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { groupsFoundQuery, peopleFoundQuery } from "@/api/directory";
import { Picker, type PickerItem, type PickerProps } from "./picker";

type Props = Omit<PickerProps, "items" | "isLoading" | "onSearch"> & {
  /** Who is not offered: they are there already. */
  without?: readonly string[];
};

const NOBODY: readonly string[] = [];

/** A person, found by a part of their name or email. */
export function PersonPicker({ without = NOBODY, ...rest }: Props) {
  const [search, setSearch] = useState("");
  const found = useQuery({
    ...peopleFoundQuery(useDeferredValue(search)),
    placeholderData: keepPreviousData,
  });
  const items: PickerItem[] = (found.data ?? [])
    .filter(({ id }) => !without.includes(id))
    .map(({ id, name, email }) => ({ id, label: name, detail: email }));
  return <Picker {...rest} items={items} isLoading={found.isFetching} onSearch={setSearch} />;
}

/** A group, found by a part of its name. */
export function GroupPicker({ without = NOBODY, ...rest }: Props) {
  const [search, setSearch] = useState("");
  const found = useQuery({
    ...groupsFoundQuery(useDeferredValue(search)),
    placeholderData: keepPreviousData,
  });
  const items: PickerItem[] = (found.data ?? [])
    .filter(({ id }) => !without.includes(id))
    .map(({ id, name, member_count: count }) => ({
      id,
      label: name,
      detail: count === 1 ? "1 member" : `${count} members`,
    }));
  return <Picker {...rest} items={items} isLoading={found.isFetching} onSearch={setSearch} />;
}

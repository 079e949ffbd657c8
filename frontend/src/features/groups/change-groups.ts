import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/api/client";
import { unwrap } from "@/api/transport";

/** Every change of groups: what is shown of them is read again afterwards. */
function useGroupMutation<V, R>(mutationFn: (variables: V) => Promise<R>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: () => client.invalidateQueries({ queryKey: ["groups"] }),
  });
}

export const useCreateGroup = () =>
  useGroupMutation((name: string) => unwrap(api.POST("/api/groups", { body: { name } })));

export const useRenameGroup = (id: string) =>
  useGroupMutation((name: string) =>
    unwrap(
      api.PATCH("/api/groups/{group_id}", { params: { path: { group_id: id } }, body: { name } }),
    ),
  );

export const useDeleteGroup = () => {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(api.DELETE("/api/groups/{group_id}", { params: { path: { group_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["groups", "list"] }),
  });
};

const member = (groupId: string, userId: string) => ({
  params: { path: { group_id: groupId, user_id: userId } },
});

export const useAddMember = (groupId: string) =>
  useGroupMutation((userId: string) =>
    unwrap(api.PUT("/api/groups/{group_id}/members/{user_id}", member(groupId, userId))),
  );

export const useRemoveMember = (groupId: string) =>
  useGroupMutation((userId: string) =>
    unwrap(api.DELETE("/api/groups/{group_id}/members/{user_id}", member(groupId, userId))),
  );

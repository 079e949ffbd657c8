import { type FormEvent, useId, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Field, TextInput } from "@/components/field";
import { ProblemView } from "@/components/problem-view";
import { useDeleteConnection } from "./delete-connection";

export interface DeleteConnectionDialogProps {
  /** Null: closed. */
  connection: { id: string; name: string } | null;
  onClose: () => void;
  onDeleted: () => void;
}

/** Deleting cannot be undone, so its name is typed first. */
export function DeleteConnectionDialog({
  connection,
  onClose,
  onDeleted,
}: DeleteConnectionDialogProps) {
  return connection ? (
    <Asked key={connection.id} connection={connection} onClose={onClose} onDeleted={onDeleted} />
  ) : null;
}

function Asked(props: {
  connection: { id: string; name: string };
  onClose: () => void;
  onDeleted: () => void;
}) {
  const { connection, onClose, onDeleted } = props;
  const id = useId();
  const [typed, setTyped] = useState("");
  const { mutate, isPending, error } = useDeleteConnection();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim() === connection.name) {
      mutate(connection.id, { onSuccess: onDeleted });
    }
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Delete “${connection.name}”?`}
      description="This cannot be undone."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={id}
            variant="danger"
            isPending={isPending}
            disabled={typed.trim() !== connection.name}
          >
            Delete connection
          </Button>
        </>
      }
    >
      <ul className="list-disc pl-5 text-quiet">
        <li>Its login and password are forgotten, and the database itself stays as it is.</li>
        <li>Everybody loses what was shared with them of it.</li>
        <li>Queries that wait or run on it fail.</li>
      </ul>
      <form id={id} onSubmit={submit}>
        <Field
          label={
            <>
              Type <strong className="font-semibold select-all">{connection.name}</strong> to delete
              it
            </>
          }
        >
          {(control) => (
            <TextInput
              {...control}
              value={typed}
              autoComplete="off"
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
        </Field>
      </form>
      {error && <ProblemView error={error} isInline />}
    </Dialog>
  );
}

import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Tag } from "@/components/tag";
import type { Difference } from "./connection-differences";

export interface ConflictDialogProps {
  isOpen: boolean;
  differences: readonly Difference[];
  isSaving: boolean;
  onTakeTheirs: () => void;
  onSaveMine: () => void;
  onClose: () => void;
}

/** Somebody else was quicker: what they have saved, what one has oneself, and which is to stay. */
export function ConflictDialog(props: ConflictDialogProps) {
  const { isOpen, differences, isSaving, onTakeTheirs, onSaveMine, onClose } = props;
  const isDisputed = differences.some((one) => one.isDisputed);
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      size="lg"
      title="Somebody else has changed this connection"
      description={
        isDisputed
          ? "What is marked, you have both changed. Saving yours replaces theirs there; what only they have changed stays."
          : "You have changed different things: saving yours keeps theirs too."
      }
      footer={
        <>
          <Button variant="quiet" onClick={onClose}>
            Back to the form
          </Button>
          <Button onClick={onTakeTheirs}>Take over what is saved</Button>
          <Button variant="primary" onClick={onSaveMine} isPending={isSaving}>
            {isDisputed ? "Overwrite with mine" : "Save mine too"}
          </Button>
        </>
      }
    >
      <section
        className="overflow-x-auto rounded-md border border-line"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys.
        tabIndex={0}
        aria-label="What differs"
      >
        <table className="w-full text-left text-sm">
          <thead>
            <tr className="border-b border-line bg-sunken text-quiet">
              <th scope="col" className="px-3 py-2 font-medium">
                Field
              </th>
              <th scope="col" className="px-3 py-2 font-medium">
                Saved now
              </th>
              <th scope="col" className="px-3 py-2 font-medium">
                Yours
              </th>
            </tr>
          </thead>
          <tbody>
            {differences.map((one) => (
              <tr key={one.label} className="border-b border-line align-top last:border-b-0">
                <th scope="row" className="px-3 py-2 font-medium">
                  <span className="flex flex-wrap gap-1.5">
                    {one.label}
                    {one.isDisputed && <Tag tone="warn">both</Tag>}
                  </span>
                </th>
                <Value text={one.theirs} isChanged={one.theirs !== one.before} />
                <Value text={one.mine} isChanged={one.mine !== one.before} />
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Dialog>
  );
}

function Value({ text, isChanged }: { text: string; isChanged: boolean }) {
  return (
    <td className="max-w-60 px-3 py-2 font-mono text-xs wrap-anywhere">
      <span className={isChanged ? "" : "text-quiet"}>{text || "(empty)"}</span>
    </td>
  );
}

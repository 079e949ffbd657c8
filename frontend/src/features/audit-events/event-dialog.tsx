import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { exactTime } from "@/lib/times";
import { changesOf } from "./audit-changes";
import { actionLabel } from "./audit-filter";
import { actorName } from "./event-words";
import type { AuditEvent } from "./list-audit-events";

/** All that was recorded of one event. */
export function EventDialog({ event, onClose }: { event: AuditEvent; onClose: () => void }) {
  const changes = changesOf(event);
  return (
    <Dialog
      isOpen
      onClose={onClose}
      size="lg"
      title={actionLabel(event.action)}
      description={`${actorName(event)}, ${exactTime(new Date(event.at))}`}
      footer={<Button onClick={onClose}>Close</Button>}
    >
      {changes.length > 0 && (
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys.
          tabIndex={0}
          aria-label="What changed"
          className="max-h-80 overflow-auto rounded-md border border-line"
        >
          <table className="w-full text-left text-sm">
            <thead>
              <tr className="border-b border-line bg-sunken text-quiet">
                <th scope="col" className="px-3 py-2 font-medium">
                  Field
                </th>
                <th scope="col" className="px-3 py-2 font-medium">
                  Before
                </th>
                <th scope="col" className="px-3 py-2 font-medium">
                  After
                </th>
              </tr>
            </thead>
            <tbody>
              {changes.map(({ name, before, after }) => (
                <tr key={name} className="border-b border-line align-top last:border-b-0">
                  <th scope="row" className="px-3 py-1.5 font-mono text-xs font-medium">
                    {name}
                  </th>
                  <Value text={before} />
                  <Value text={after} />
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <dl className="grid gap-x-4 gap-y-1 text-sm sm:grid-cols-[8rem_minmax(0,1fr)]">
        <Fact name="Action">{event.action}</Fact>
        <Fact name="On">
          {event.object_name && `${event.object_name} · `}
          {event.object_type} {event.object_id}
        </Fact>
        <Fact name="Address">{event.address}</Fact>
        <Fact name="With">{event.user_agent}</Fact>
        <Fact name="Request">{event.request_id}</Fact>
        <Fact name="Event">{event.id}</Fact>
      </dl>
    </Dialog>
  );
}

function Value({ text }: { text: string | null }) {
  return (
    <td className="max-w-72 px-3 py-1.5 font-mono text-xs wrap-anywhere whitespace-pre-wrap">
      {text ?? (
        <span className="text-quiet">
          <span aria-hidden>–</span>
          <span className="sr-only">nothing</span>
        </span>
      )}
    </td>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return children ? (
    <>
      <dt className="text-quiet">{name}</dt>
      <dd className="font-mono text-xs leading-5 wrap-anywhere select-text">{children}</dd>
    </>
  ) : null;
}

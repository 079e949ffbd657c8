import { Check, Minus } from "lucide-react";
import { useUser } from "@/api/use-session";
import { Page } from "@/components/page";
import { Panel } from "@/components/panel";
import { RoleTag } from "@/components/role-tag";
import { ROLE_WORDS, ROLES, type RoleName } from "@/lib/roles";

/** What each role may do: docs/reference/accounts.md and docs/explanation/permissions.md. */
const MAY: readonly { what: string; least: RoleName; note?: string }[] = [
  { what: "See what is shared with them", least: "viewer" },
  { what: "Make personal tokens, end their own sessions", least: "viewer" },
  { what: "Make connections", least: "editor" },
  {
    what: "Write SQL, and look into schemas",
    least: "editor",
    note: "on connections that are shared with them",
  },
  { what: "Edit, delete and share", least: "editor", note: "what they made or may edit" },
  { what: "See people and groups", least: "editor", note: "to share with them" },
  { what: "Everything on every object", least: "admin", note: "without any grant" },
  { what: "Invite, change and deactivate people", least: "admin" },
  { what: "Make groups and fill them", least: "admin" },
  { what: "Read and export the audit record", least: "admin" },
];

export function RolesPage() {
  const me = useUser();
  return (
    <Page
      title="What roles may do"
      lead={
        <>
          You are <span className="font-medium text-ink">{ROLE_WORDS[me.role].label}</span>. A role
          says what somebody may do at all; what is shared with them says to what.
        </>
      }
      width="narrow"
    >
      <div className="flex flex-col gap-4">
        <div className="overflow-hidden rounded-lg border border-line bg-surface">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys. */}
          <section tabIndex={0} aria-label="Rights by role" className="overflow-x-auto">
            <table className="w-full text-left">
              <thead>
                <tr className="border-b border-line bg-sunken text-sm">
                  <th scope="col" className="px-4 py-2 font-medium text-quiet">
                    May
                  </th>
                  {ROLES.map((role) => (
                    <th key={role} scope="col" className="w-20 px-2 py-2 text-center">
                      <RoleTag role={role} />
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {MAY.map(({ what, least, note }) => (
                  <tr key={what} className="border-b border-line last:border-b-0">
                    <th scope="row" className="px-4 py-2 font-normal">
                      {what}
                      {note && <span className="text-quiet">, {note}</span>}
                    </th>
                    {ROLES.map((role) => (
                      <Right key={role} isGiven={ROLES.indexOf(role) >= ROLES.indexOf(least)} />
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </div>
        <Panel title="How sharing is decided">
          <ul className="flex list-disc flex-col gap-1.5 pl-5">
            <li>
              Something is shared with a person, a group, or everyone: to use it, or to edit it.
            </li>
            <li>Who makes something may edit it. Who may edit it may share it.</li>
            <li>
              The widest of all that reaches a person counts. Nothing takes away what something else
              gives: to narrow it, take the wider one back.
            </li>
            <li>Viewers never edit, whatever was granted. Admins need no grant.</li>
            <li>
              It is looked up at each request: a change takes effect at once, in open pages too.
            </li>
            <li>
              What somebody may not see does not exist for them: a link to it says that there is
              nothing.
            </li>
          </ul>
        </Panel>
      </div>
    </Page>
  );
}

function Right({ isGiven }: { isGiven: boolean }) {
  return (
    <td className="px-2 py-2 text-center">
      {isGiven ? (
        <Check aria-hidden size={17} className="inline text-good" />
      ) : (
        <Minus aria-hidden size={15} className="inline text-quiet" />
      )}
      <span className="sr-only">{isGiven ? "yes" : "no"}</span>
    </td>
  );
}

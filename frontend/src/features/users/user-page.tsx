import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { History, KeyRound, UserCheck, UserX } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { type Person, personQuery } from "@/api/directory";
import { useUser } from "@/api/use-session";
import { Button, buttonClasses } from "@/components/button";
import { confirmAction } from "@/components/confirm";
import { CopyField } from "@/components/copy";
import { Field, TextInput } from "@/components/field";
import { errorAt, FormProblem } from "@/components/form-problem";
import { useLeaveGuard } from "@/components/leave-guard";
import { Page } from "@/components/page";
import { Panel } from "@/components/panel";
import { ProblemView } from "@/components/problem-view";
import { Select } from "@/components/select";
import { Skeleton } from "@/components/skeleton";
import { Time } from "@/components/time";
import { notify } from "@/components/toast";
import { usePageTitle } from "@/lib/page-title";
import { ROLE_OPTIONS, ROLE_WORDS } from "@/lib/roles";
import { useChangeUser } from "./change-user";
import { areSameClaims, claimRows, claimsOf, doubledName } from "./claims";
import { ClaimsEditor } from "./claims-editor";
import { useCreatePasswordReset } from "./create-password-reset";

const route = getRouteApi("/shell/users/$userId");

export interface UserPageProps {
  /** Their personal tokens: drawn by another feature. */
  renderTokens: (user: Person) => ReactNode;
}

export function UserPage({ renderTokens }: UserPageProps) {
  const { userId } = route.useParams();
  const { data, error, refetch } = useQuery({ ...personQuery(userId), staleTime: 0 });
  usePageTitle(data?.name);
  if (error && !data) {
    return (
      <Page title="Person" width="narrow">
        <ProblemView error={error} onRetry={() => void refetch()} />
      </Page>
    );
  }
  if (!data) {
    return (
      <Page title="Person" width="narrow">
        <Skeleton className="h-80 w-full" />
      </Page>
    );
  }
  return (
    <Page
      title={data.name}
      lead={data.email}
      width="narrow"
      actions={
        <Link to="/audit-events" search={{ actor: data.id }} className={buttonClasses("secondary")}>
          <History aria-hidden size={16} />
          What they did
        </Link>
      }
    >
      <div className="flex flex-col gap-4">
        <Profile key={data.id} user={data} />
        {data.is_active && <ResetLink user={data} />}
        {renderTokens(data)}
        <Access user={data} />
      </div>
    </Page>
  );
}

const FIELDS = ["/name", "/role", "/claims"];

function Profile({ user }: { user: Person }) {
  const me = useUser();
  const [name, setName] = useState(user.name);
  const [role, setRole] = useState(user.role);
  const [rows, setRows] = useState(() => claimRows(user.claims));
  const { mutate, isPending, error, reset } = useChangeUser(user.id);
  const claims = claimsOf(rows);
  const changes = {
    ...(name.trim() === user.name ? {} : { name }),
    ...(role === user.role ? {} : { role }),
    ...(areSameClaims(claims, user.claims ?? {}) ? {} : { claims }),
  };
  const isDirty = Object.keys(changes).length > 0;
  useLeaveGuard(isDirty);
  const doubled = doubledName(rows);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const givesUp = user.id === me.id && "role" in changes;
    const isSure =
      !givesUp ||
      (await confirmAction({
        title: "Change your own role?",
        detail: `You will be ${ROLE_WORDS[role].label.toLowerCase()} at once, and another admin has to give you your rights back.`,
        action: "Change my role",
        isDangerous: true,
      }));
    if (isSure && isDirty && doubled === undefined) {
      mutate(changes, {
        onSuccess: (saved) => {
          setName(saved.name);
          setRows(claimRows(saved.claims));
          notify.done("Saved");
        },
      });
    }
  };
  const claimErrors = Object.keys(claims).map((one) => `/claims/${one}`);
  return (
    <Panel
      title="Profile"
      lead={
        <>
          Here since <Time at={user.created_at} />.
        </>
      }
    >
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Name" error={errorAt(error, "/name")}>
            {(control) => (
              <TextInput
                {...control}
                value={name}
                required
                autoComplete="off"
                onChange={(event) => setName(event.currentTarget.value)}
              />
            )}
          </Field>
          <Field label="Role" hint={ROLE_WORDS[role].lead} error={errorAt(error, "/role")}>
            {(control) => (
              <Select
                {...control}
                value={role}
                options={ROLE_OPTIONS}
                onChange={(chosen) => {
                  setRole(chosen);
                  reset();
                }}
              />
            )}
          </Field>
        </div>
        <ClaimsEditor rows={rows} onChange={setRows} error={error} />
        {doubled !== undefined && (
          <p role="alert" className="text-sm text-bad">
            The claim “{doubled}” stands there twice.
          </p>
        )}
        <FormProblem error={error} shown={[...FIELDS, ...claimErrors]} />
        <div className="flex items-center justify-end gap-3">
          {isDirty && <span className="mr-auto text-sm text-quiet">Unsaved changes</span>}
          <Button type="submit" variant="primary" isPending={isPending} disabled={!isDirty}>
            Save changes
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function ResetLink({ user }: { user: Person }) {
  const { mutate, data, isPending, error } = useCreatePasswordReset();
  return (
    <Panel
      title="Forgotten password"
      lead="A link by which they set a new password. It works once, for 24 hours, and ends their sessions when it is used."
      actions={
        <Button icon={KeyRound} onClick={() => mutate(user.id)} isPending={isPending}>
          {data ? "Make another link" : "Make a link"}
        </Button>
      }
    >
      {error && <ProblemView error={error} isInline />}
      {data && (
        <>
          <CopyField label={`Hand this to ${user.name}; it is shown this once`} text={data.link} />
          <p className="text-sm text-quiet">
            It ends <Time at={data.expires_at} />. A newer one replaces it.
          </p>
        </>
      )}
    </Panel>
  );
}

function Access({ user }: { user: Person }) {
  const me = useUser();
  const { mutate, isPending, error } = useChangeUser(user.id);
  const isMe = user.id === me.id;
  const deactivate = async () => {
    const isSure = await confirmAction({
      title: isMe ? "Deactivate yourself?" : `Deactivate ${user.name}?`,
      detail: isMe
        ? "You are signed out at once, and another admin has to reactivate you."
        : "All their sessions end and their personal tokens stop, at once. What they have made stays, and they can be reactivated.",
      action: "Deactivate",
      isDangerous: true,
    });
    if (isSure) {
      mutate({ is_active: false }, { onSuccess: () => notify.done(`${user.name} is deactivated`) });
    }
  };
  return (
    <Panel
      title={user.is_active ? "Access" : "Deactivated"}
      lead={
        user.is_active
          ? "Who is deactivated cannot sign in. Nothing of theirs is deleted."
          : "They cannot sign in, and their tokens do not work. Nothing of theirs is deleted."
      }
      actions={
        user.is_active ? (
          <Button
            variant="danger"
            icon={UserX}
            isPending={isPending}
            onClick={() => void deactivate()}
          >
            Deactivate
          </Button>
        ) : (
          <Button
            icon={UserCheck}
            isPending={isPending}
            onClick={() =>
              mutate(
                { is_active: true },
                { onSuccess: () => notify.done(`${user.name} may sign in again`) },
              )
            }
          >
            Reactivate
          </Button>
        )
      }
    >
      {error && <ProblemView error={error} isInline />}
    </Panel>
  );
}

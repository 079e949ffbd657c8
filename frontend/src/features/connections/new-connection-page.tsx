import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { buttonClasses } from "@/components/button";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { Skeleton } from "@/components/skeleton";
import { ConnectionForm } from "./connection-form";
import { type ConnectionValues, copyOf, DEFAULTS, toNewConnection } from "./connection-values";
import { useCreateConnection } from "./create-connection";
import { connectionQuery } from "./get-connection";

const route = getRouteApi("/shell/connections/new");

export function NewConnectionPage() {
  const { from } = route.useSearch();
  const original = useQuery({ ...connectionQuery(from ?? ""), enabled: from !== undefined });
  if (from !== undefined && original.isPending) {
    return (
      <Page title="New connection">
        <Skeleton className="h-96 w-full" />
      </Page>
    );
  }
  if (original.error) {
    return (
      <Page title="New connection">
        <ProblemView error={original.error} onRetry={() => void original.refetch()} />
      </Page>
    );
  }
  return original.data ? (
    <Filled
      key={from}
      initial={copyOf(original.data)}
      lead={`A copy of “${original.data.name}”. Its password does not come along, nor who may use it.`}
    />
  ) : (
    <Filled
      initial={DEFAULTS}
      lead="A PostgreSQL database, and a login that can only read. You share it with others afterwards."
    />
  );
}

function Filled({ initial, lead }: { initial: ConnectionValues; lead: string }) {
  const [values, setValues] = useState(initial);
  const navigate = route.useNavigate();
  const create = useCreateConnection();
  return (
    <Page title="New connection" lead={lead}>
      <ConnectionForm
        connection={null}
        before={initial}
        values={values}
        onChange={setValues}
        isDirty={JSON.stringify(values) !== JSON.stringify(initial)}
        save={() => create.mutateAsync(toNewConnection(values))}
        onSaved={(saved) => {
          void navigate({
            to: "/connections/$connectionId",
            params: { connectionId: saved.id },
            replace: true,
          });
        }}
        secondary={
          <Link to="/connections" className={buttonClasses("quiet")}>
            Cancel
          </Link>
        }
      />
    </Page>
  );
}

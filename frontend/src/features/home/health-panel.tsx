import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck } from "lucide-react";
import { ProblemView } from "@/components/problem-view";
import { Skeleton } from "@/components/skeleton";
import { healthQuery } from "./get-health";

/** For admins: what is missing in the installation, and the fix. */
export function HealthPanel() {
  const { data, error, refetch, isRefetching } = useQuery(healthQuery);
  const failed = data?.checks.filter((check) => !check.ok) ?? [];
  return (
    <section aria-labelledby="health-heading" className="rounded-lg border border-line bg-surface">
      <header className="flex items-center justify-between gap-4 border-b border-line px-4 py-2.5">
        <h2 id="health-heading" className="text-base">
          This installation
        </h2>
        {data && <span className="font-mono text-xs text-quiet">{data.version}</span>}
      </header>
      <div className="px-4 py-3">
        {error ? (
          <ProblemView
            error={error}
            onRetry={() => void refetch()}
            isRetrying={isRefetching}
            isInline
          />
        ) : !data ? (
          <Skeleton className="h-5.5 w-1/2" />
        ) : failed.length === 0 ? (
          <p className="flex items-center gap-2">
            <CircleCheck aria-hidden size={16} className="text-good" />
            All {data.checks.length} checks are well.
          </p>
        ) : (
          <ul className="flex flex-col gap-3">
            {failed.map((check) => (
              <li key={check.name} className="flex gap-2">
                <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-bad" />
                <div className="min-w-0">
                  <p className="font-medium">{check.message ?? check.name}</p>
                  {check.fix && <p className="text-quiet">{check.fix}</p>}
                </div>
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

export interface EmptyStateProps {
  icon: LucideIcon;
  title: string;
  /** Why it is empty, and what will be here. */
  detail: ReactNode;
  /** One action: what to do about it. */
  action?: ReactNode;
}

export function EmptyState({ icon: Icon, title, detail, action }: EmptyStateProps) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-14 text-center">
      <span className="mb-2 grid size-11 place-items-center rounded-full border border-line bg-sunken text-quiet">
        <Icon aria-hidden size={20} />
      </span>
      <p className="font-semibold">{title}</p>
      <div className="max-w-md text-quiet">{detail}</div>
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}

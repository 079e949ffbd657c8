import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { buttonClasses } from "@/components/button";
import { ProblemView } from "@/components/problem-view";
import { SkeletonRows } from "@/components/skeleton";
import { OutsideCard } from "./outside-card";

interface LinkGateProps {
  title: string;
  hasToken: boolean;
  link: UseQueryResult<{ email: string }>;
  children: (email: string) => ReactNode;
}

/** Shows what a one-time link is for once it is known to be good, and says it when it is not. */
export function LinkGate({ title, hasToken, link, children }: LinkGateProps) {
  if (!hasToken) {
    return (
      <OutsideCard title="This link is not whole">
        <p className="mb-5">Its end is missing. Copy all of it, or ask for a new one.</p>
        <SignInLink />
      </OutsideCard>
    );
  }
  if (link.error) {
    return (
      <OutsideCard title={title}>
        <div className="mb-5">
          <ProblemView error={link.error} isInline />
        </div>
        <SignInLink />
      </OutsideCard>
    );
  }
  return (
    <OutsideCard title={title}>
      {link.data ? children(link.data.email) : <SkeletonRows count={3} />}
    </OutsideCard>
  );
}

export function SignInLink() {
  return (
    <Link to="/sign-in" className={buttonClasses("secondary")}>
      Sign in
    </Link>
  );
}

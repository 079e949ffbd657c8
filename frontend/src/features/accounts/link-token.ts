import { useLocation } from "@tanstack/react-router";

/** The token of a one-time link, `#token=...`: browsers send what stands there to no server. */
export function useLinkToken(): string {
  const hash = useLocation({ select: (location) => location.hash });
  return new URLSearchParams(hash.replace(/^#/, "")).get("token") ?? "";
}

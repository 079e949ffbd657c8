import { ROLE_WORDS, type RoleName } from "@/lib/roles";
import { Tag } from "./tag";

export function RoleTag({ role }: { role: RoleName }) {
  return <Tag tone={role === "admin" ? "sun" : "neutral"}>{ROLE_WORDS[role].label}</Tag>;
}

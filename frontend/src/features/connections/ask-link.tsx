import { Link } from "@tanstack/react-router";
import { SquareTerminal } from "lucide-react";
import { buttonClasses } from "@/components/button";

/** Leads to the editor with this connection chosen. */
export function AskLink({ id, size = "md" }: { id: string; size?: "sm" | "md" }) {
  const editor: string = "/queries/new"; // Another feature's path.
  return (
    <Link
      to={editor}
      search={{ connection: id } as never}
      className={buttonClasses("secondary", size)}
    >
      <SquareTerminal aria-hidden size={size === "sm" ? 14 : 16} />
      Ask it
    </Link>
  );
}

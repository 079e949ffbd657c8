import { Check, Copy } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { announce } from "@/lib/announce";
import { Button } from "./button";
import { inputClasses } from "./field";

export interface CopyButtonProps {
  text: string;
  label?: string;
  size?: "md" | "sm";
}

export function CopyButton({ text, label = "Copy", size = "sm" }: CopyButtonProps) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") {
      return;
    }
    const timer = setTimeout(() => setState("idle"), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => {
        setState("copied");
        announce("Copied");
      },
      () => setState("failed"), // Not a secure page, or forbidden.
    );
  return (
    <Button size={size} icon={state === "copied" ? Check : Copy} onClick={() => void copy()}>
      {state === "copied" ? "Copied" : state === "failed" ? "Select and copy it" : label}
    </Button>
  );
}

/** A secret or a link that is shown once, to be copied. */
export function CopyField({ label, text }: { label: string; text: string }) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      <div className="flex gap-2">
        <input
          id={id}
          readOnly
          value={text}
          onFocus={(event) => event.currentTarget.select()}
          className={`${inputClasses} font-mono text-sm`}
        />
        <CopyButton text={text} size="md" />
      </div>
    </div>
  );
}

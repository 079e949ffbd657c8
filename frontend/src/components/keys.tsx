import { keyLabels } from "@/lib/shortcuts";

/** Keys to press: `<Keys keys="Mod+K" />`. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="inline-flex items-center gap-1">
      {keyLabels(keys).map((label) => (
        <kbd
          key={label}
          className="min-w-5 rounded-sm border border-line bg-sunken px-1 text-center font-sans text-xs leading-4.5 text-quiet"
        >
          {label}
        </kbd>
      ))}
    </span>
  );
}

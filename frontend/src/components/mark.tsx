/** The sign of the product: a mirror with its sighting ring, and the flash that leaves it. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg viewBox="0 0 64 64" width={size} height={size} aria-hidden="true" className="shrink-0">
      <rect width="64" height="64" rx="14" fill="#141a26" />
      <circle cx="26" cy="38" r="14" fill="none" stroke="#f3cf3a" strokeWidth="4" />
      <circle cx="26" cy="38" r="5" fill="#f3cf3a" />
      <path
        d="M38 26 55 9M44 36l12-3M28 20l3-12"
        stroke="#f3cf3a"
        strokeWidth="4"
        strokeLinecap="round"
      />
    </svg>
  );
}

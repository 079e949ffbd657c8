/** The view from a signal station: ridges, and on the far one a mirror that flashes. */
export function Ridge() {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 1440 300"
      preserveAspectRatio="xMidYMax slice"
      className="pointer-events-none fixed inset-x-0 bottom-0 -z-10 h-[32dvh] w-full"
    >
      <path
        className="fill-sunken"
        d="M0 196 96 168l82 22 118-74 76 38 104-82 92 64 70-30 128 72 104-44 96 40 118-92 88 56 92-40 176 84v118H0z"
      />
      <path
        className="fill-hover opacity-70"
        d="M0 252 132 214l112 30 150-52 128 44 146-26 164 42 132-50 150 48 134-36 192 52v34H0z"
      />
      <g className="ridge-flash">
        <circle cx="1086" cy="86" r="26" className="fill-sun opacity-20" />
        <circle cx="1086" cy="86" r="5" className="fill-sun" />
        <path
          className="stroke-sun"
          strokeWidth="2.5"
          strokeLinecap="round"
          d="m1072 76-46-32m40 44-58 2m66-26-26-54"
        />
      </g>
    </svg>
  );
}

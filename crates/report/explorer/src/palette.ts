// Colors that color-blind readers tell apart: viridis (van der Walt & Smith 2015) for amounts,
// Okabe & Ito's for kinds.

type Rgb = [number, number, number];

const VIRIDIS: Rgb[] = [
  [68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
  [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37],
];

export const STEPS = 64;

/** viridis at a share of 0 to 1. */
export function viridis(share: number): string {
  const at = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
  const low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mixed = VIRIDIS[low].map((value, side) =>
    Math.round(value + (at - low) * (VIRIDIS[low + 1][side] - value)),
  );
  return `rgb(${mixed.join(",")})`;
}

export const KINDS = ["#0072b2", "#e69f00", "#d55e00", "#cc79a7", "#009e73"];

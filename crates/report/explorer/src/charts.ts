// Histograms that filter, the ECDF of overlap, the (ef, k) surface with the cursor on it.

import { el, number, svg } from "./dom";
import { viridis } from "./palette";

const BINS = 36;

/** One histogram with a brush. */
export class Histogram {
  readonly element: HTMLElement;
  private readonly plot: SVGElement;
  private readonly all = svg("path", { class: "all" });
  private readonly kept = svg("path", { class: "kept" });
  private readonly brushed = svg("rect", { class: "brush", y: 0, height: 70 });
  private readonly ends: HTMLElement;
  private shown: unknown[] = [];
  private low = 0;
  private high = 1;
  private logarithmic = false;
  private from: number | null = null;
  private range: [number, number] | null = null;

  constructor(readonly id: string, title: string, private readonly brush: (range: [number, number] | null) => void) {
    this.plot = svg("svg", {
      viewBox: "0 0 240 70", preserveAspectRatio: "none", tabindex: 0, role: "slider",
      "aria-label": `${title}: arrow keys move the lower end of the filter, with Shift the upper one; Escape clears it`,
      "aria-valuemin": 0, "aria-valuemax": BINS, "aria-valuenow": 0,
    }, this.all, this.kept, this.brushed);
    this.ends = el("div", { class: "ends" }, el("span"), el("b"), el("span"));
    this.element = el("figure", { class: "histogram", "data-column": id }, el("figcaption", {}, title), this.plot, this.ends);
    this.plot.addEventListener("pointerdown", (event) => {
      this.plot.setPointerCapture((event as PointerEvent).pointerId);
      this.from = this.valueAt(event as PointerEvent);
      this.brush(null);
    });
    this.plot.addEventListener("pointermove", (event) => {
      if (this.from === null) return;
      const to = this.valueAt(event as PointerEvent);
      if (to !== this.from) this.brush([Math.min(this.from, to), Math.max(this.from, to)]);
    });
    this.plot.addEventListener("pointerup", () => (this.from = null));
    this.plot.addEventListener("keydown", (event) => this.key(event as KeyboardEvent));
  }

  private scale(value: number): number {
    const of = (x: number): number => (this.logarithmic ? Math.log(Math.max(x, 1e-300)) : x);
    const span = of(this.high) - of(this.low);
    return span > 0 ? (of(value) - of(this.low)) / span : 0.5;
  }

  private unscale(share: number): number {
    if (!this.logarithmic) return this.low + share * (this.high - this.low);
    return Math.exp(Math.log(this.low) + share * Math.log(this.high / this.low));
  }

  private valueAt(event: PointerEvent): number {
    const box = this.plot.getBoundingClientRect();
    return this.unscale(Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1));
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Escape") this.brush(null);
    const way = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (way === 0) return;
    event.preventDefault();
    const [low, high] = this.range ?? [this.low, this.high];
    const moved = (value: number): number => this.unscale(Math.min(Math.max(this.scale(value) + way / BINS, 0), 1));
    this.brush(event.shiftKey ? [low, Math.max(low, moved(high))] : [Math.min(high, moved(low)), high]);
  }

  /** `inside` says per value whether it is chosen; what is shown already is left as it is. */
  show(values: ArrayLike<number>, inside: Uint8Array, range: [number, number] | null, fixed?: [number, number]): void {
    if (this.shown[0] === values && this.shown[1] === inside && String(this.shown[2]) === String(range)) return;
    this.shown = [values, inside, range];
    let [low, high] = [Infinity, -Infinity];
    for (let at = 0; at < values.length; at++) {
      if (!Number.isFinite(values[at])) continue;
      low = Math.min(low, values[at]);
      high = Math.max(high, values[at]);
    }
    [this.low, this.high] = fixed ?? [low, high];
    this.range = range;
    this.logarithmic = !fixed && low > 0 && high / low > 50;
    const all = new Float64Array(BINS);
    const kept = new Float64Array(BINS);
    for (let at = 0; at < values.length; at++) {
      if (!Number.isFinite(values[at])) continue;
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor(this.scale(values[at]) * BINS)));
      all[bin]++;
      if (inside[at]) kept[bin]++;
    }
    const most = Math.max(1, ...all);
    // Square roots, so that a few bad queries can be seen among thousands of good ones.
    const tall = (count: number): number => 66 * Math.sqrt(count / most);
    const bars = (counts: Float64Array): string => {
      let path = "";
      for (let bin = 0; bin < BINS; bin++) {
        if (counts[bin] === 0) continue;
        path += `M${((bin * 240) / BINS + 0.5).toFixed(1)},70v${-tall(counts[bin]).toFixed(1)}h${(240 / BINS - 1).toFixed(2)}V70z`;
      }
      return path;
    };
    this.all.setAttribute("d", bars(all));
    this.kept.setAttribute("d", bars(kept));
    const [x0, x1] = range ? range.map((end) => 240 * Math.min(Math.max(this.scale(end), 0), 1)) : [0, 0];
    this.brushed.setAttribute("x", String(x0));
    this.brushed.setAttribute("width", String(range ? Math.max(1, x1 - x0) : 0));
    this.plot.setAttribute("aria-valuetext", range ? `${number(range[0])} to ${number(range[1])}` : "no filter");
    const [first, middle, last] = Array.from(this.ends.children);
    first.textContent = number(this.low);
    middle.textContent = range ? `${number(range[0])} to ${number(range[1])}` : "";
    last.textContent = number(this.high);
  }
}

/** The plot of the ECDF within its view box. */
const [LEFT, TOP, WIDE, TALL] = [34, 8, 258, 134];

/** The share of queries whose overlap is at most a value. */
export class Ecdf {
  readonly element: HTMLElement;
  private readonly all = svg("path", { class: "all", fill: "none" });
  private readonly kept = svg("path", { class: "kept", fill: "none" });
  private readonly plot = svg("svg", { viewBox: "0 0 300 170", role: "img", "aria-label": "Empirical distribution of overlap" });

  constructor() {
    for (const at of [0, 0.5, 1]) {
      const [x, y] = [LEFT + at * WIDE, TOP + (1 - at) * TALL];
      this.plot.append(
        svg("line", { class: "grid", x1: LEFT, x2: LEFT + WIDE, y1: y, y2: y }),
        svg("text", { x, y: 158, "text-anchor": "middle" }, String(at)),
        svg("text", { x: LEFT - 5, y: y + 4, "text-anchor": "end" }, String(at)));
    }
    this.plot.append(this.all, this.kept);
    this.element = el("figure", { class: "ecdf" }, el("figcaption", {}, "Share of queries with at most this overlap"), this.plot);
  }

  show(values: Float64Array, chosen: Uint8Array, some: boolean): void {
    const line = (inside: Uint8Array | null): string => {
      const sorted = values.filter((value, query) => (!inside || inside[query] === 1) && Number.isFinite(value)).sort();
      if (sorted.length === 0) return "";
      let path = `M${LEFT},${TOP + TALL}`;
      for (let at = 0; at < sorted.length; at++) {
        // A step for each value; ties make one.
        if (at + 1 < sorted.length && sorted[at + 1] === sorted[at]) continue;
        path += `H${(LEFT + sorted[at] * WIDE).toFixed(2)}V${(TOP + TALL * (1 - (at + 1) / sorted.length)).toFixed(2)}`;
      }
      return `${path}H${LEFT + WIDE}`;
    };
    this.all.setAttribute("d", some ? line(null) : "");
    this.kept.setAttribute("d", line(some ? chosen : null));
  }
}

/** Overlap at every (ef, k), the cursor on the one at hand. */
export class Surface {
  readonly element: HTMLElement;
  private readonly canvas = el("canvas", {
    tabindex: 0, role: "slider", "aria-label": "Overlap at every effort and k: arrow keys move the cursor",
    "aria-valuemin": 1, "aria-valuemax": 1, "aria-valuenow": 1,
  });
  private readonly cursor = el("div", { class: "cursor" });
  private readonly frame = el("div", { class: "heat" }, this.canvas, this.cursor);
  private readonly ends = el("div", { class: "ends" });
  private efs: number[] = [1];
  private width = 1;

  constructor(private readonly move: (ef: number, k: number) => void) {
    const legend = el("span", { class: "legend" }, "0 ", el("i", { class: "ramp" }), " 1");
    this.element = el("figure", { class: "surface" },
      el("figcaption", {}, "Overlap at every (ef, k); ", legend), this.frame, this.ends);
    let held = false;
    const go = (event: PointerEvent): void => {
      const box = this.canvas.getBoundingClientRect();
      const along = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 0.9999);
      const down = Math.min(Math.max((event.clientY - box.top) / box.height, 0), 0.9999);
      this.move(this.efs[Math.floor(along * this.efs.length)], Math.max(1, Math.ceil((1 - down) * this.width)));
    };
    this.frame.addEventListener("pointerdown", (event) => {
      held = true;
      this.frame.setPointerCapture(event.pointerId);
      go(event);
    });
    this.frame.addEventListener("pointermove", (event) => held && go(event));
    this.frame.addEventListener("pointerup", () => (held = false));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  private ef = 1;
  private k = 1;

  private key(event: KeyboardEvent): void {
    let place = this.efs.findIndex((ef) => ef >= this.ef);
    if (place < 0) place = this.efs.length - 1;
    const ways: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    const next = Math.min(Math.max(place + way[0], 0), this.efs.length - 1);
    this.move(way[0] ? this.efs[next] : this.ef, Math.min(Math.max(this.k + way[1], 1), this.width));
  }

  show(surface: { efs: number[]; overlap: Float64Array }, width: number): void {
    this.efs = surface.efs;
    this.width = width;
    this.canvas.width = surface.efs.length;
    this.canvas.height = width;
    const context = this.canvas.getContext("2d");
    if (!context) return;
    for (let row = 0; row < surface.efs.length; row++) {
      for (let k = 0; k < width; k++) {
        const value = surface.overlap[row * width + k];
        if (Number.isNaN(value)) continue;
        context.fillStyle = viridis(value);
        context.fillRect(row, width - 1 - k, 1, 1);
      }
    }
    const last = surface.efs[surface.efs.length - 1];
    this.ends.replaceChildren(el("span", {}, "ef 1"), el("span", {}, `k from 1 (below) to ${width} (above)`), el("span", {}, `ef ${number(last)}`));
  }

  point(ef: number, k: number): void {
    [this.ef, this.k] = [ef, k];
    let place = 0;
    while (place + 1 < this.efs.length && this.efs[place + 1] <= ef) place++;
    this.cursor.style.left = `${(100 * (place + 0.5)) / this.efs.length}%`;
    this.cursor.style.bottom = `${(100 * (k - 0.5)) / this.width}%`;
    this.canvas.setAttribute("aria-valuemax", String(this.efs[this.efs.length - 1]));
    this.canvas.setAttribute("aria-valuenow", String(ef));
    this.canvas.setAttribute("aria-valuetext", `ef ${ef}, k ${k}`);
  }
}

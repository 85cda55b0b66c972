// The explorer of a report: finds its data block, and shows map, sliders, charts, findings, detail.
//
// read (data) → measure every query at (rule, ef, k) (model) → findings, filters → colors → draw.

import { Ecdf, Histogram, Surface } from "./charts";
import { type Data, read } from "./data";
import { detail, queryName } from "./detail";
import { counted, el, number, share } from "./dom";
import { csv, save, svgOf } from "./exports";
import { CAUSES, fates, mainCauses } from "./fates";
import { type Finding, type Needed, findings } from "./findings";
import { type Look, ScatterMap } from "./map";
import { type Measured, RULES, completing, halving, largestEf, mean, measure, quantile, surface } from "./model";
import { STEPS, viridis } from "./palette";
import { type State, fromFragment, hasMean, initial, toFragment } from "./state";
import { conditionAt, rowOf } from "./study";
import style from "./style.css";

const RAMP = Array.from({ length: STEPS }, (_, step) => viridis(step / (STEPS - 1)));

class Explorer {
  private readonly map: ScatterMap;
  private readonly histograms: Histogram[];
  private readonly ecdf = new Ecdf();
  private readonly surface: Surface;
  private readonly figures = el("dl", { class: "figures-now", "aria-live": "polite" });
  private readonly ledger = el("ol", { class: "ledger" });
  private readonly place = el("div");
  private readonly row = el("p", { class: "quiet", "data-figure": "row", "aria-live": "polite" });
  private readonly scale = el("p", { class: "scale" });
  private readonly chips = el("p", { class: "chips" });
  private readonly inputs: Record<string, (HTMLInputElement | HTMLSelectElement)[]> = {};
  private state: State;
  private readonly begin: State;
  private due = false;
  private measured!: Measured;
  private needed!: Needed;
  private readonly everyone: Uint8Array;
  private detailOf = "";
  private found: Finding[] = [];
  private chosen!: Uint8Array;
  private look!: Look;
  private surfaceOf = "";
  private neededOf = "";

  constructor(private readonly data: Data, root: HTMLElement) {
    this.begin = initial(data);
    this.everyone = new Uint8Array(data.header.queries).fill(1);
    this.state = fromFragment(location.hash, data, this.begin) ?? this.begin;
    this.map = new ScatterMap(data, {
      pick: (query) => this.set({ query: this.state.query === query ? null : query }),
      box: (box) => this.set({ box }),
      name: (query) => `${queryName(data, query)}: overlap ${share(this.measured.overlap[query])}`,
    });
    this.surface = new Surface((ef, k) => this.set({ ef, k }));
    const columns = [{ id: "overlap", name: "overlap" }, { id: "fill", name: "fill" }];
    if (data.header.graphs > 0) columns.push({ id: "required", name: "ef that finds all k" });
    this.histograms = [...columns, ...data.header.columns].map(
      ({ id, name }) => new Histogram(id, name, (range) => this.range(id, range)),
    );
    root.replaceChildren(...this.layout());
    addEventListener("hashchange", () => {
      const state = fromFragment(location.hash, data, this.begin);
      if (state && toFragment(state) !== toFragment(this.state)) {
        this.state = state;
        this.update();
        root.scrollIntoView();
      }
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.map.draw());
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.set({ query: null, box: null, finding: null, ranges: {} });
    });
    this.update();
    if (location.hash.startsWith("#explorer:")) root.scrollIntoView();
    root.dataset.ready = "yes";
  }

  private layout(): Node[] {
    const { header } = this.data;
    const graphs = header.graphs > 0;
    const mapFoot = [
      `Each dot is a query; near ones have near vectors, laid out from exact neighbors. How far apart separate islands lie means nothing.`,
      header.map_kept === null ? "" : `The map keeps ${number(100 * header.map_kept)} % of 15 neighbors as neighbors.`,
      `Click a dot for its neighbors; drag with Shift to choose a part; Ctrl and wheel zoom.`,
      ...header.notes,
    ].filter((words) => words !== "").join(" ");
    return [
      el("div", { class: "bar", role: "group", "aria-label": "What is asked of the engine" }, ...this.controls(graphs)),
      this.figures,
      header.conditions.length > 0 ? this.row : document.createComment(""),
      el("div", { class: "two" },
        el("div", { class: "left" },
          el("div", { class: "over" }, this.scale,
            el("span", { class: "zoom" },
              el("button", { type: "button", "aria-label": "Zoom in", click: () => this.map.zoomBy(1.5) }, "+"),
              el("button", { type: "button", "aria-label": "Zoom out", click: () => this.map.zoomBy(1 / 1.5) }, "−"))),
          this.map.element, el("p", { class: "quiet" }, mapFoot),
          el("div", { class: "pair" }, graphs ? this.surface.element : null, this.ecdf.element)),
        el("div", { class: "right" }, el("h3", {}, "Findings"), this.ledger)),
      this.chips,
      this.place,
      el("div", { class: "histograms", role: "group", "aria-label": "Histograms; drag over one to filter" }, ...this.histograms.map((histogram) => histogram.element)),
      el("p", { class: "quiet" }, "Drag over a histogram to choose queries. Heights are square roots, so that few queries can be seen among many."),
    ];
  }

  private controls(graphs: boolean): Node[] {
    const { header } = this.data;
    const parts: Node[] = [];
    const sources: [string, string][] = [];
    if (header.slots > 0) sources.push(["answers", `answers: ${header.answers ?? ""}`]);
    if (hasMean(this.data)) sources.push(["all", `mean of ${header.graphs} graphs`]);
    for (let graph = 0; graph < header.graphs; graph++) {
      sources.push([String(graph), header.graph_names[graph] ?? (header.graphs > 1 ? `graph ${graph + 1}` : "the graph")]);
    }
    if (header.conditions.length > 0) {
      const names = header.conditions.map(({ name }): [string, string] => [name, name.replace("_", " ")]);
      parts.push(this.select("condition", "Condition", [["", "none"], ...names], (name) => {
        const condition = header.conditions.find((each) => each.name === name);
        if (condition) this.set(conditionAt(this.data, condition, this.state.k));
      }));
    }
    if (sources.length > 1) {
      parts.push(this.select("source", "Of", sources, (value) =>
        this.set({ source: value === "answers" || value === "all" ? value : Number(value) })));
    }
    if (graphs) {
      const rules = RULES.map(([rule, name]): [string, string] => [rule, name]);
      parts.push(this.select("rule", "Rule for k > ef", rules, (value) => this.set({ rule: value as State["rule"] })));
      parts.push(this.slider("ef", "ef", () => largestEf(this.data, this.state.source), true));
    }
    parts.push(this.slider("k", "k", () => header.k, false));
    const colors: [string, string][] = [["overlap", "overlap"], ["fill", "fill"]];
    if (graphs) colors.push(["required", "ef that finds all k"], ["cause", "main cause"]);
    colors.push(...header.columns.map(({ id, name }): [string, string] => [id, name]));
    parts.push(this.select("color", "Color", colors, (value) => this.set({ color: value })));
    const button = (words: string, click: () => void): HTMLElement => el("button", { type: "button", click }, words);
    parts.push(el("span", { class: "buttons" },
      button("Reset", () => this.set({ ...this.begin })),
      button("CSV", () => save("queries.csv", new Blob([csv(this.data, this.measured, this.needed.all, this.chosen)], { type: "text/csv" }))),
      button("SVG", () => save("map.svg", new Blob([svgOf(this.data, this.map, this.look)], { type: "image/svg+xml" }))),
      button("PNG", () => this.map.canvas.toBlob((blob) => blob && save("map.png", blob)))));
    return parts;
  }

  private select(name: string, label: string, choices: [string, string][], change: (value: string) => void): HTMLElement {
    const select = el("select", { name, "aria-label": label }, ...choices.map(([value, words]) => el("option", { value }, words)));
    select.addEventListener("change", () => change(select.value));
    this.inputs[name] = [select];
    return el("label", {}, el("span", {}, label), select);
  }

  private slider(name: "ef" | "k", label: string, most: () => number, logarithmic: boolean): HTMLElement {
    const steps = 400;
    const span = (): number => Math.log(Math.max(2, most()));
    const to = (value: number): number => (logarithmic ? Math.round((steps * Math.log(value)) / span()) : value);
    const from = (place: number): number => (logarithmic ? Math.round(Math.exp((place / steps) * span())) : place);
    const range = el("input", { type: "range", name: `${name}-slider`, "aria-label": label, min: logarithmic ? 0 : 1, max: logarithmic ? steps : most(), step: 1 });
    const exact = el("input", { type: "number", name, "aria-label": `${label}, exact value`, min: 1, max: most(), step: 1 });
    const set = (value: number): void => {
      if (Number.isInteger(value) && value >= 1 && value <= most()) this.set({ [name]: value });
    };
    range.addEventListener("input", () => set(Math.min(most(), Math.max(1, from(Number(range.value))))));
    exact.addEventListener("input", () => set(Number(exact.value)));
    exact.addEventListener("change", () => (exact.value = String(this.state[name])));
    this.inputs[name] = [exact];
    this.follow.push(() => {
      exact.max = String(most());
      if (from(Number(range.value)) !== this.state[name]) range.value = String(to(this.state[name]));
      range.setAttribute("aria-valuetext", String(this.state[name]));
    });
    return el("label", { class: "slide" }, el("span", {}, label), range, exact);
  }

  private readonly follow: (() => void)[] = [];

  private range(id: string, range: [number, number] | null): void {
    const ranges = { ...this.state.ranges };
    if (range) ranges[id] = range;
    else delete ranges[id];
    this.set({ ranges });
  }

  /** Changes what is looked at; the page follows at the next frame. */
  private set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    this.state.ef = Math.max(1, Math.min(this.state.ef, largestEf(this.data, this.state.source)));
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      this.update();
      this.link();
    });
  }

  private linkTimer = 0;

  private link(): void {
    clearTimeout(this.linkTimer);
    this.linkTimer = window.setTimeout(() => {
      const fragment = toFragment(this.state);
      // Pages within a frame of another origin may not change their address.
      try {
        history.replaceState(null, "", fragment);
      } catch {
        location.hash = fragment;
      }
    }, 150);
  }

  private values(id: string): ArrayLike<number> {
    if (id === "overlap") return this.measured.overlap;
    if (id === "fill") return this.measured.fill;
    if (id === "required") return this.needed.all;
    return this.data.columns.get(id) ?? this.measured.overlap;
  }

  private update(): void {
    const { data, state } = this;
    this.measured = measure(data, state);
    const neededOf = `${state.source}/${state.k}`;
    if (neededOf !== this.neededOf) {
      const largest = largestEf(data, state.source);
      const all = completing(data, state.source, state.k).map((ef) => (ef > largest ? Infinity : ef));
      this.needed = { all, half: halving(data, state.source, state.k) };
      this.neededOf = neededOf;
    }
    this.found = findings(data, state, this.measured, this.needed);
    this.choose();
    this.showInputs();
    this.showFigures();
    this.showLedger();
    this.showMap();
    for (const histogram of this.histograms) {
      const fixed: [number, number] | undefined = histogram.id === "overlap" || histogram.id === "fill" ? [0, 1] : undefined;
      histogram.show(this.values(histogram.id), this.chosen, state.ranges[histogram.id] ?? null, fixed);
    }
    const some = this.some();
    this.ecdf.show(this.measured.overlap, this.chosen, some);
    this.showSurface();
    this.showDetail();
  }

  private showDetail(): void {
    const { query, source, rule, ef, k } = this.state;
    const of = JSON.stringify([query, source, rule, ef, k]);
    if (of === this.detailOf) return;
    this.detailOf = of;
    this.map.follow(null);
    if (query === null) {
      this.place.replaceChildren();
      return;
    }
    this.place.replaceChildren(detail(this.data, this.state, this.measured, query, {
      close: () => this.set({ query: null }),
      go: (other) => this.set({ query: other }),
      trail: (trail) => this.map.follow(trail),
    }));
  }

  private some(): boolean {
    const { finding, box, ranges } = this.state;
    return finding !== null || box !== null || Object.keys(ranges).length > 0;
  }

  /** Applies finding, ranges and box. */
  private choose(): void {
    const { data, state } = this;
    const { queries } = data.header;
    this.chosen = this.some() ? new Uint8Array(queries).fill(1) : this.everyone;
    const finding = this.found.find((each) => each.id === state.finding);
    if (state.finding !== null) {
      this.chosen.fill(0);
      for (const query of finding?.queries ?? []) this.chosen[query] = 1;
    }
    for (const [id, [low, high]] of Object.entries(state.ranges)) {
      const values = this.values(id);
      for (let query = 0; query < queries; query++) {
        // The ends come from a link with six digits.
        const slack = 1e-5 * Math.max(Math.abs(low), Math.abs(high));
        if (!(values[query] >= low - slack && values[query] <= high + slack)) this.chosen[query] = 0;
      }
    }
    if (state.box) {
      const [x0, y0, x1, y1] = state.box.map((side) => side * 65535);
      for (let query = 0; query < queries; query++) {
        const [x, y] = [data.x[query], data.y[query]];
        if (x < x0 || x > x1 || y < y0 || y > y1) this.chosen[query] = 0;
      }
    }
  }

  private showInputs(): void {
    for (const [name, inputs] of Object.entries(this.inputs)) {
      const row = name === "condition" ? rowOf(this.data, this.state) : null;
      const value = name === "condition" ? (row?.names[0] ?? "") : String(this.state[name as keyof State]);
      for (const input of inputs) if (document.activeElement !== input || input.tagName === "SELECT") input.value = value;
    }
    for (const follow of this.follow) follow();
  }

  private showFigures(): void {
    const { measured, chosen } = this;
    const overlaps = measured.overlap.filter((value, query) => chosen[query] === 1 && Number.isFinite(value));
    const visited = mean(measured.visited, chosen);
    const all: [string, string, string][] = [
      ["overlap", "mean overlap", share(mean(measured.overlap, chosen))],
      ["fill", "mean fill", share(mean(measured.fill, chosen))],
      ["p5", "worst 5 %", share(quantile(overlaps, 0.05))],
      ["half", "lose half or more", number(overlaps.reduce((count, value) => count + (value <= 0.5 ? 1 : 0), 0))],
    ];
    if (this.state.source !== "answers") {
      all.push(["visited", "rows visited", `${measured.visitedIsExact ? "" : "≈ "}${number(visited, 4)}`]);
    }
    const count = chosen.reduce((sum, each) => sum + each, 0);
    all.push(["queries", "queries", this.some() ? `${number(count)} of ${number(chosen.length)}` : number(count)]);
    this.figures.replaceChildren(
      ...all.map(([id, name, value]) => el("div", {}, el("dt", {}, name), el("dd", { "data-figure": id }, value))));
    const row = rowOf(this.data, this.state);
    this.row.textContent = row ? row.words : "No condition of the study has this graph, ef and k.";
  }

  private showLedger(): void {
    const words = { severe: "Severe", notable: "Notable", good: "Good" };
    const open = (finding: Finding) => (event: Event) => {
      event.preventDefault();
      this.set({ finding: this.state.finding === finding.id ? null : finding.id, query: null });
    };
    this.ledger.replaceChildren(...this.found.map((finding) => {
      const here = finding.id === this.state.finding;
      const link = toFragment({ ...this.state, finding: finding.id, query: null });
      return el("li", { class: finding.severity },
        el("span", { class: "severity" }, words[finding.severity]),
        finding.queries.length > 0
          ? el("a", { href: link, "aria-current": here ? "true" : undefined, "data-finding": finding.id, click: open(finding) }, finding.words)
          : el("span", {}, finding.words));
    }));
    const chips: Node[] = [];
    const chip = (name: string, change: Partial<State>): void => {
      chips.push(el("button", { type: "button", "aria-label": `Clear: ${name}`, click: () => this.set(change) }, `${name} ×`));
    };
    const finding = this.found.find((each) => each.id === this.state.finding);
    if (this.state.finding) chip(finding ? counted(finding.queries.length, "query of a finding", "queries of a finding") : "a finding that does not hold here", { finding: null });
    for (const [id, [low, high]] of Object.entries(this.state.ranges)) {
      const ranges = { ...this.state.ranges };
      delete ranges[id];
      const name = this.data.header.columns.find((column) => column.id === id)?.name ?? id;
      chip(`${name} ${number(low)} to ${number(high)}`, { ranges });
    }
    if (this.state.box) chip("a part of the map", { box: null });
    this.chips.replaceChildren(...(chips.length > 0 ? ["Chosen by ", ...chips] : []));
  }

  private showMap(): void {
    const { data, state } = this;
    const queries = data.header.queries;
    const values = state.color === "cause" ? mainCauses(data, state) : this.values(state.color);
    let [low, high] = [Infinity, -Infinity];
    for (let query = 0; query < queries; query++) {
      if (!Number.isFinite(values[query])) continue;
      low = Math.min(low, values[query]);
      high = Math.max(high, values[query]);
    }
    if (state.color === "overlap" || state.color === "fill") [low, high] = [0, 1];
    const logarithmic = state.color === "required" || (low > 0 && high / low > 50);
    const of = (value: number): number => (logarithmic ? Math.log(Math.max(value, 1e-300)) : value);
    const span = of(high) - of(low);
    const colors = new Array<string>(queries);
    const kinds = state.color === "cause";
    for (let query = 0; query < queries; query++) {
      const value = values[query];
      if (kinds) colors[query] = CAUSES[value][1];
      else if (!Number.isFinite(value)) colors[query] = value === Infinity ? "#d55e00" : "#999999";
      else colors[query] = RAMP[Math.round((span > 0 ? (of(value) - of(low)) / span : 0.5) * (STEPS - 1))];
    }
    const order = byFallingShare(this.measured.overlap);
    const [found, missing] = this.lines();
    this.look = { colors, chosen: this.chosen, order, query: state.query, found, missing, box: state.box };
    this.map.show(this.look);
    const name = el("b", {}, this.colorName());
    if (kinds) {
      this.scale.replaceChildren(name, ...CAUSES.map(([cause, color]) => el("span", { class: "kind" }, el("i", { style: `background:${color}` }), cause)));
    } else {
      const none = state.color === "required" && this.needed.all.includes(Infinity);
      this.scale.replaceChildren(name, ` ${number(low)} `, el("i", { class: "ramp" }), ` ${number(high)} `,
        none ? el("span", { class: "kind" }, el("i", { style: "background:#d55e00" }), "none") : "");
    }
  }

  private colorName(): string {
    const known: Record<string, string> = { required: "ef that finds all k", cause: "main cause" };
    return known[this.state.color] ?? this.data.header.columns.find(({ id }) => id === this.state.color)?.name ?? this.state.color;
  }

  /** Queries that are neighbors of the one looked at: found, missing. */
  private lines(): [number[], number[]] {
    const { data, state } = this;
    if (state.query === null || !data.header.query_is_row) return [[], []];
    this.placeOfRow ??= new Map(Array.from(data.names, (name, query) => [name, query]));
    const [found, missing]: [number[], number[]] = [[], []];
    for (const fate of fates(data, state, state.query)) {
      const place = this.placeOfRow.get(fate.row);
      if (place !== undefined) (fate.found ? found : missing).push(place);
    }
    return [found, missing];
  }

  private placeOfRow: Map<number, number> | undefined;

  private showSurface(): void {
    if (this.data.header.graphs === 0 || this.state.source === "answers") {
      this.surface.element.hidden = true;
      return;
    }
    this.surface.element.hidden = false;
    const { source, rule } = this.state;
    const of = `${source}/${rule}/${this.some() ? this.chosen.join("") : ""}`;
    if (of !== this.surfaceOf) {
      this.surfaceOf = of;
      this.surface.show(surface(this.data, this.state, this.chosen), this.data.header.k);
    }
    this.surface.point(this.state.ef, this.state.k);
  }
}

/** Queries by falling overlap, ties by place: sorted by counts, as shares take few values. */
function byFallingShare(shares: Float64Array): Uint32Array {
  const LEVELS = 4096;
  const level = (share: number): number => (Number.isFinite(share) ? Math.round((1 - share) * LEVELS) : 0);
  const starts = new Uint32Array(LEVELS + 2);
  for (let query = 0; query < shares.length; query++) starts[level(shares[query]) + 1]++;
  for (let at = 0; at <= LEVELS; at++) starts[at + 1] += starts[at];
  const order = new Uint32Array(shares.length);
  for (let query = 0; query < shares.length; query++) order[starts[level(shares[query])]++] = query;
  return order;
}

async function start(): Promise<void> {
  const root = document.getElementById("explorer-root");
  const header = document.getElementById("explorer-header")?.textContent;
  const blob = document.getElementById("explorer-data")?.textContent;
  if (!root || !header || !blob) return;
  document.head.append(el("style", {}, style));
  try {
    new Explorer(await read(header, blob), root);
  } catch (error) {
    root.textContent = `The explorer cannot start in this browser: ${String(error)}`;
  }
}

void start();

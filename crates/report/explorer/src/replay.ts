// The search of one query, visit by visit: distances in the order of visits, where each ef stops.

import { type Data, type Replay } from "./data";
import { type Fate, rowName } from "./fates";
import { counted, el, number } from "./dom";
import { type Asked, effort } from "./model";

/** What the map shows of a search: rows visited, and those expanded in order. */
export interface Trail {
  visited: number[];
  expanded: number[];
}

interface Actions {
  trail(trail: Trail | null): void;
  /** Looks at another query. */
  go(query: number): void;
}

const HEIGHT = 190;
/** Visits shown beyond the stop, of as many again. */
const BEYOND = 0.5;

/** The replay, or why there is none; `null` where nothing was searched. */
export function replay(data: Data, asked: Asked, query: number, all: Fate[], actions: Actions): HTMLElement | null {
  actions.trail(null);
  if (asked.source === "answers" || data.replays.size === 0) return null;
  const graph = asked.source === "all" ? 0 : asked.source;
  const found = data.replays.get(query);
  if (graph !== data.header.first_graph || !found) return missing(data, query, graph, actions);
  return new Replayer(data, asked, query, found, all, actions).element;
}

function missing(data: Data, query: number, graph: number, actions: Actions): HTMLElement {
  const { first_graph: first, graph_names: names } = data.header;
  if (graph !== first) {
    const name = names[first] ?? `graph ${first + 1}`;
    return el("p", { class: "quiet" }, `Searches are recorded on the graph "${name}" alone.`);
  }
  const known = [...data.replays.keys()];
  const nearest = known.reduce((best, each) => (Math.abs(each - query) < Math.abs(best - query) ? each : best), known[0]);
  return el("p", { class: "quiet replay-missing" },
    `The page holds the searches of ${counted(known.length, "query", "queries")}, half of them the hardest; of this one it holds none. `,
    el("button", { type: "button", click: () => actions.go(nearest) }, `Query ${data.names[nearest]} has one`));
}

class Replayer {
  readonly element: HTMLElement;
  private readonly canvas = el("canvas", { role: "img" });
  private readonly words = el("p", { class: "visit", "aria-live": "polite" });
  private readonly range: HTMLInputElement;
  private readonly play: HTMLButtonElement;
  private readonly ranks: Map<number, Fate>;
  /** V(ef), and how many of the visits are shown. */
  private readonly stop: number;
  private readonly shown: number;
  private visit: number;
  private frame = 0;
  private readonly places = new Map<number, number>();

  constructor(private readonly data: Data, private readonly asked: Asked, query: number, private readonly replay: Replay, all: Fate[], private readonly actions: Actions) {
    this.own = data.header.query_is_row ? data.names[query] : NaN;
    this.ranks = new Map(all.map((fate) => [fate.row, fate]));
    const graph = data.graphs[asked.source === "all" ? 0 : (asked.source as number)];
    this.reach = Math.min(effort(data, asked.rule, asked.ef, asked.k), graph.largest);
    this.stop = stopAt(replay, this.reach);
    const held = replay.rows.length;
    this.shown = Math.min(held, Math.max(20, Math.ceil(this.stop * (1 + BEYOND))));
    this.visit = Math.min(this.stop, this.shown);
    if (data.header.query_is_row) data.names.forEach((name, place) => this.places.set(name, place));
    this.range = el("input", { type: "range", min: 0, max: this.shown, step: 1, "aria-label": "Visits made" });
    this.range.value = String(this.visit);
    this.range.addEventListener("input", () => this.to(Number(this.range.value)));
    this.play = el("button", { type: "button", click: () => this.toggle() }, "Play");
    this.element = el("figure", { class: "replay", "data-stop": this.stop, "data-shown": this.shown },
      el("figcaption", {}, `Its search, visit by visit: distance upwards, order of visits to the right. ${this.summary()}`),
      el("div", { class: "canvas" }, this.canvas),
      el("div", { class: "steps" }, this.play, this.range),
      this.words);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.span = this.spanned();
    this.say();
    this.canvas.setAttribute("aria-label", `Distances in the order of visits. ${this.summary()}`);
  }

  private readonly span: [number, number];

  /** The distances drawn: without the query itself, and without the farthest twentieth, which are drawn at the edge. */
  private spanned(): [number, number] {
    const distances: number[] = [];
    for (let visit = 0; visit < this.shown; visit++) {
      if (this.replay.rows[visit] !== this.own) distances.push(this.replay.distance(visit));
    }
    distances.sort((a, b) => a - b);
    return [distances[0] ?? 0, distances[Math.floor((distances.length - 1) * 0.95)] ?? 1];
  }

  private readonly reach: number;
  private readonly own: number;

  private summary(): string {
    const { replay, stop } = this;
    const held = replay.rows.length;
    const ends = `At ef ${number(this.reach)} it stops after ${counted(stop, "row", "rows")}`;
    const all = replay.all > stop ? `; the largest ef visits ${number(replay.all)}` : "";
    return `${ends}${all}.${stop > held ? ` The first ${number(held)} are recorded.` : ""}`;
  }

  private toggle(): void {
    if (this.frame !== 0) {
      this.halt();
      return;
    }
    if (this.visit >= Math.min(this.stop, this.shown)) this.to(0);
    this.play.textContent = "Pause";
    // Four seconds for the whole search, whatever its length.
    const rate = Math.max(4, Math.min(this.stop, this.shown) / 4);
    const [begin, from] = [performance.now(), this.visit];
    const step = (now: number): void => {
      const end = Math.min(this.stop, this.shown);
      this.to(Math.min(end, from + Math.max(1, Math.floor(((now - begin) / 1000) * rate))));
      this.range.value = String(this.visit);
      if (this.visit >= end || !this.element.isConnected) this.halt();
      else this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  private halt(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.play.textContent = "Play";
  }

  private to(visit: number): void {
    this.visit = visit;
    this.draw();
    this.say();
    const trail: Trail = { visited: [], expanded: [] };
    for (let at = 0; at < visit; at++) {
      const place = this.places.get(this.replay.rows[at]);
      if (place !== undefined) trail.visited.push(place);
    }
    for (let at = 0; at < this.replay.expanded.length && this.replay.seen[at] <= visit; at++) {
      const place = this.places.get(this.replay.rows[this.replay.expanded[at]]);
      if (place !== undefined) trail.expanded.push(place);
    }
    this.actions.trail(visit > 0 ? trail : null);
  }

  private say(): void {
    const { replay, visit } = this;
    if (visit === 0) {
      this.words.textContent = "Nothing visited yet.";
      return;
    }
    const row = replay.rows[visit - 1];
    const fate = this.ranks.get(row);
    let expanded = 0;
    while (expanded < replay.seen.length && replay.seen[expanded] < visit) expanded++;
    let found = 0;
    for (let at = 0; at < visit; at++) if (this.ranks.has(replay.rows[at])) found++;
    const rank = fate ? `, true neighbor ${fate.rank + 1}` : "";
    const past = visit > this.stop ? " (after the stop)" : "";
    this.words.textContent = `Visit ${number(visit)}${past}: ${this.own === row ? "the query itself" : `row ${rowName(this.data, row)}`} at ${number(replay.distance(visit - 1), 4)}${rank}. ` +
      `${counted(expanded, "row", "rows")} expanded, ${found} of ${this.asked.k} true neighbors met.`;
  }

  private draw(): void {
    const width = this.canvas.clientWidth;
    if (width === 0) return;
    const scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(HEIGHT * scale);
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(this.canvas);
    const [ink, quiet, rule] = ["--ink", "--quiet", "--rule"].map((name) => style.getPropertyValue(name));
    context.clearRect(0, 0, width, HEIGHT);
    context.font = `11px ${style.fontFamily}`;
    const [left, right, top, bottom] = [44, 8, 16, 20];
    const [near, far] = this.span;
    const x = (visit: number): number => left + ((width - left - right) * visit) / this.shown;
    const y = (distance: number): number => {
      const share = (Math.min(Math.max(distance, near), far) - near) / (far > near ? far - near : 1);
      return top + 4 + (HEIGHT - top - bottom - 8) * (1 - share);
    };
    context.strokeStyle = rule;
    context.strokeRect(left + 0.5, top + 0.5, width - left - right - 1, HEIGHT - top - bottom - 1);
    context.fillStyle = quiet;
    context.textAlign = "right";
    context.fillText(number(far), left - 5, top + 8);
    context.fillText(number(near), left - 5, HEIGHT - bottom);
    context.fillText(number(this.shown), width - right, HEIGHT - 5);
    context.textAlign = "left";
    context.fillText("0 rows visited", left, HEIGHT - 5);
    for (let visit = 0; visit < this.shown; visit++) {
      const fate = this.ranks.get(this.replay.rows[visit]);
      const met = visit < this.visit;
      context.globalAlpha = met ? 1 : fate ? 0.6 : 0.3;
      context.fillStyle = fate ? (visit < this.stop ? "#0072b2" : "#d55e00") : quiet;
      const radius = fate ? 3.2 : 1.5;
      context.beginPath();
      context.arc(x(visit + 0.5), y(this.replay.distance(visit)), radius, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    if (this.stop <= this.shown) {
      context.strokeStyle = ink;
      context.setLineDash([4, 3]);
      context.beginPath();
      context.moveTo(x(this.stop), top);
      context.lineTo(x(this.stop), HEIGHT - bottom);
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = ink;
      const end = x(this.stop) > width / 2;
      context.textAlign = end ? "right" : "left";
      context.fillText(`stops at ef ${number(this.reach)}`, x(this.stop) + (end ? -2 : 2), top - 4);
    }
    if (this.visit !== this.stop) {
      context.strokeStyle = ink;
      context.beginPath();
      context.moveTo(x(this.visit), top);
      context.lineTo(x(this.visit), HEIGHT - bottom);
      context.stroke();
    }
  }
}

/** V(ef) of the replay's query. */
export function stopAt(replay: Replay, ef: number): number {
  let visited = replay.stopVisited[0] ?? 0;
  for (let stop = 0; stop < replay.stopEfs.length && replay.stopEfs[stop] <= ef; stop++) visited = replay.stopVisited[stop];
  return visited;
}

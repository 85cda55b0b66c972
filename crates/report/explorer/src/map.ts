// The scatter plot of the queries over the faint base, on a canvas: zoom, pan, hover, pick, box.

import type { Data } from "./data";
import { el } from "./dom";
import type { Trail } from "./replay";

/** What the points look like. */
export interface Look {
  /** A color per query. */
  colors: string[];
  /** Queries that are chosen; others are faint. */
  chosen: Uint8Array;
  /** Drawn last and so on top: the queries by rising importance. */
  order: Uint32Array;
  query: number | null;
  /** Exact neighbors of the query that are themselves queries, found and missing. */
  found: number[];
  missing: number[];
  box: [number, number, number, number] | null;
}

interface Actions {
  pick(query: number): void;
  box(box: [number, number, number, number] | null): void;
  name(query: number): string;
}

const PAD = 14;

export class ScatterMap {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  private readonly tip = el("div", { class: "tip", role: "status", "aria-live": "polite" });
  private readonly sprites = new Map<string, HTMLCanvasElement>();
  private look: Look | null = null;
  private trail: Trail | null = null;
  private readonly base = el("canvas");
  private baseOf = "";
  private zoom = 1;
  private left = 0;
  private top = 0;
  private size = [0, 0];
  private drag: { x: number; y: number; box: boolean; moved: boolean } | null = null;
  private focus = -1;

  constructor(private readonly data: Data, private readonly actions: Actions) {
    this.canvas = el("canvas", {
      tabindex: 0,
      role: "application",
      "aria-roledescription": "scatter plot",
      "aria-label":
        "Map of the queries. Arrow keys go from query to query, Enter looks at one, plus and minus zoom, Escape clears.",
    });
    this.element = el("div", { class: "map" }, this.canvas, this.tip);
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.up(event));
    this.canvas.addEventListener("pointerleave", () => this.say(""));
    this.canvas.addEventListener("dblclick", () => this.reset());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("wheel", (event) => {
      // Without a key the page scrolls as everywhere.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoomAt(event.offsetX, event.offsetY, Math.exp(-event.deltaY / 300));
    }, { passive: false });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  show(look: Look): void {
    this.look = look;
    this.draw();
  }

  /** Draws the course of a search, or none. */
  follow(trail: Trail | null): void {
    if (trail === this.trail) return;
    this.trail = trail;
    this.draw();
  }

  reset(): void {
    this.zoom = 1;
    this.left = this.top = 0;
    this.draw();
  }

  zoomBy(factor: number): void {
    this.zoomAt(this.size[0] / 2, this.size[1] / 2, factor);
  }

  /** Where a query stands, in pixels of the element. */
  place(query: number): [number, number] {
    return this.at(this.data.x[query], this.data.y[query]);
  }

  private at(x: number, y: number): [number, number] {
    const [width, height] = this.size;
    return [
      (PAD + (x / 65535) * (width - 2 * PAD) - this.left) * this.zoom,
      (PAD + (y / 65535) * (height - 2 * PAD) - this.top) * this.zoom,
    ];
  }

  private shares(x: number, y: number): [number, number] {
    const [width, height] = this.size;
    return [
      (x / this.zoom + this.left - PAD) / (width - 2 * PAD),
      (y / this.zoom + this.top - PAD) / (height - 2 * PAD),
    ];
  }

  private zoomAt(x: number, y: number, factor: number): void {
    const zoom = Math.min(Math.max(this.zoom * factor, 1), 40);
    this.left += x / this.zoom - x / zoom;
    this.top += y / this.zoom - y / zoom;
    this.zoom = zoom;
    if (zoom === 1) this.left = this.top = 0;
    this.draw();
  }

  private radius(): number {
    const dense = this.data.header.queries > 4000 ? 1.9 : this.data.header.queries > 800 ? 2.6 : 3.6;
    return dense * Math.min(3, Math.sqrt(this.zoom));
  }

  draw(): void {
    const look = this.look;
    const width = this.element.clientWidth;
    const height = this.element.clientHeight;
    if (!look || width === 0) return;
    const scale = window.devicePixelRatio || 1;
    if (this.size[0] !== width || this.size[1] !== height || this.canvas.width !== Math.round(width * scale)) {
      this.size = [width, height];
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
    }
    const style = getComputedStyle(this.element);
    const ink = style.getPropertyValue("--ink") || "#222";
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.drawBase(context, style.getPropertyValue("--base") || "#ccc", scale);
    const radius = this.radius();
    const quiet = style.getPropertyValue("--quiet");
    context.globalAlpha = 0.16;
    for (const query of look.order) if (!look.chosen[query]) this.dot(context, query, quiet, radius * 0.8, scale);
    context.globalAlpha = 1;
    for (const query of look.order) if (look.chosen[query]) this.dot(context, query, look.colors[query], radius, scale);
    this.drawQuery(context, look, ink, radius);
    this.drawTrail(context, ink, radius);
    if (this.focus >= 0 && document.activeElement === this.canvas) this.ring(context, this.focus, ink, radius + 4, [3, 2]);
    if (look.box) {
      const [x0, y0] = this.at(look.box[0] * 65535, look.box[1] * 65535);
      const [x1, y1] = this.at(look.box[2] * 65535, look.box[3] * 65535);
      context.strokeStyle = ink;
      context.setLineDash([4, 3]);
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
      context.setLineDash([]);
    }
  }

  /** The base, drawn once for each view. */
  private drawBase(context: CanvasRenderingContext2D, color: string, scale: number): void {
    if (this.data.baseX.length === 0) return;
    const of = [color, scale, this.zoom, this.left, this.top, ...this.size].join();
    if (of !== this.baseOf) {
      this.baseOf = of;
      [this.base.width, this.base.height] = [this.canvas.width, this.canvas.height];
      const layer = this.base.getContext("2d");
      if (!layer) return;
      layer.setTransform(scale, 0, 0, scale, 0, 0);
      layer.fillStyle = color;
      for (let row = 0; row < this.data.baseX.length; row++) {
        const [x, y] = this.at(this.data.baseX[row], this.data.baseY[row]);
        layer.fillRect(x - 0.75, y - 0.75, 1.5, 1.5);
      }
    }
    context.drawImage(this.base, 0, 0, this.size[0], this.size[1]);
  }

  /** Rows visited as points, and the way over the rows expanded. */
  private drawTrail(context: CanvasRenderingContext2D, ink: string, radius: number): void {
    if (!this.trail) return;
    context.fillStyle = context.strokeStyle = ink;
    for (const query of this.trail.visited) {
      const [x, y] = this.place(query);
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
    }
    context.globalAlpha = 0.5;
    context.beginPath();
    this.trail.expanded.forEach((query, at) => {
      const [x, y] = this.place(query);
      if (at === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    });
    context.stroke();
    context.globalAlpha = 1;
    const last = this.trail.expanded.at(-1);
    if (last !== undefined) this.ring(context, last, ink, radius + 2, []);
  }

  private dot(context: CanvasRenderingContext2D, query: number, color: string, radius: number, scale: number): void {
    const [x, y] = this.place(query);
    if (x < -radius || y < -radius || x > this.size[0] + radius || y > this.size[1] + radius) return;
    const sprite = this.sprite(color, radius, scale);
    const side = sprite.width / scale;
    context.drawImage(sprite, x - side / 2, y - side / 2, side, side);
  }

  /** A disk of one color and size, drawn once. */
  private sprite(color: string, radius: number, scale: number): HTMLCanvasElement {
    const name = `${color}/${radius.toFixed(2)}/${scale}`;
    let sprite = this.sprites.get(name);
    if (!sprite) {
      if (this.sprites.size > 2000) this.sprites.clear();
      const side = Math.ceil((2 * radius + 2) * scale);
      sprite = el("canvas", { width: side, height: side });
      const context = sprite.getContext("2d");
      if (context) {
        context.fillStyle = color;
        context.beginPath();
        context.arc(side / 2, side / 2, radius * scale, 0, 2 * Math.PI);
        context.fill();
      }
      this.sprites.set(name, sprite);
    }
    return sprite;
  }

  private drawQuery(context: CanvasRenderingContext2D, look: Look, ink: string, radius: number): void {
    if (look.query === null) return;
    const [x, y] = this.place(look.query);
    const line = (other: number, color: string, dash: number[]): void => {
      const [toX, toY] = this.place(other);
      context.strokeStyle = color;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(toX, toY);
      context.stroke();
      context.setLineDash([]);
    };
    context.globalAlpha = 0.55;
    for (const other of look.found) line(other, "#0072b2", []);
    context.globalAlpha = 0.9;
    for (const other of look.missing) line(other, "#d55e00", [4, 3]);
    context.globalAlpha = 1;
    for (const other of look.missing) this.ring(context, other, "#d55e00", radius + 2, []);
    this.ring(context, look.query, ink, radius + 4, []);
  }

  private ring(context: CanvasRenderingContext2D, query: number, color: string, radius: number, dash: number[]): void {
    const [x, y] = this.place(query);
    context.strokeStyle = color;
    context.lineWidth = 1.75;
    context.setLineDash(dash);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 1;
  }

  private nearest(x: number, y: number, within: number): number {
    let best = -1;
    let least = within * within;
    for (let query = 0; query < this.data.header.queries; query++) {
      if (this.look && !this.look.chosen[query]) continue;
      const [toX, toY] = this.place(query);
      const apart = (toX - x) ** 2 + (toY - y) ** 2;
      if (apart < least) {
        least = apart;
        best = query;
      }
    }
    return best;
  }

  private down(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { x: event.offsetX, y: event.offsetY, box: event.shiftKey, moved: false };
  }

  private move(event: PointerEvent): void {
    const drag = this.drag;
    if (!drag) {
      const query = this.nearest(event.offsetX, event.offsetY, 12);
      this.say(query < 0 ? "" : this.actions.name(query), event.offsetX, event.offsetY);
      this.canvas.style.cursor = query < 0 ? "default" : "pointer";
      return;
    }
    if (Math.hypot(event.offsetX - drag.x, event.offsetY - drag.y) > 4) drag.moved = true;
    if (!drag.moved) return;
    if (drag.box) {
      const [x0, y0] = this.shares(Math.min(drag.x, event.offsetX), Math.min(drag.y, event.offsetY));
      const [x1, y1] = this.shares(Math.max(drag.x, event.offsetX), Math.max(drag.y, event.offsetY));
      this.actions.box([x0, y0, x1, y1]);
    } else if (this.zoom > 1) {
      this.left -= (event.offsetX - drag.x) / this.zoom;
      this.top -= (event.offsetY - drag.y) / this.zoom;
      drag.x = event.offsetX;
      drag.y = event.offsetY;
      this.draw();
    }
  }

  private up(event: PointerEvent): void {
    const drag = this.drag;
    this.drag = null;
    if (!drag || drag.moved) return;
    const query = this.nearest(event.offsetX, event.offsetY, 16);
    if (query >= 0) this.actions.pick(query);
    else if (event.shiftKey) this.actions.box(null);
  }

  private key(event: KeyboardEvent): void {
    const ways: Record<string, [number, number]> = {
      ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
    };
    const way = ways[event.key];
    if (way) this.step(way);
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.4);
    else if (event.key === "-") this.zoomBy(1 / 1.4);
    else if (event.key === "0") this.reset();
    else if (event.key === "Enter" && this.focus >= 0) this.actions.pick(this.focus);
    else return;
    event.preventDefault();
  }

  /** Goes to the nearest chosen query within an eighth of a turn of this way. */
  private step([alongX, alongY]: [number, number]): void {
    if (this.focus < 0) this.focus = this.look?.query ?? this.nearest(this.size[0] / 2, this.size[1] / 2, Infinity);
    else {
      const [x, y] = this.place(this.focus);
      let best = -1;
      let least = Infinity;
      for (let query = 0; query < this.data.header.queries; query++) {
        if (query === this.focus || (this.look && !this.look.chosen[query])) continue;
        const [toX, toY] = this.place(query);
        const ahead = (toX - x) * alongX + (toY - y) * alongY;
        const aside = Math.abs((toX - x) * alongY) + Math.abs((toY - y) * alongX);
        if (ahead > 0 && aside <= ahead && ahead + aside < least) {
          least = ahead + aside;
          best = query;
        }
      }
      if (best >= 0) this.focus = best;
    }
    if (this.focus >= 0) this.say(this.actions.name(this.focus), ...this.place(this.focus));
    this.draw();
  }

  private say(words: string, x = 0, y = 0): void {
    this.tip.textContent = words;
    this.tip.style.display = words ? "block" : "none";
    const right = x > this.size[0] / 2;
    this.tip.style.left = right ? "auto" : `${x + 12}px`;
    this.tip.style.right = right ? `${this.size[0] - x + 12}px` : "auto";
    this.tip.style.top = `${Math.max(4, y - 30)}px`;
  }
}

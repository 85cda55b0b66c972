// One query: its true neighbors in order, each found or missing and why, what came back instead, the
// distances as a strip, its search.

import { type Data, NEVER } from "./data";
import { counted, el, number, share, svg } from "./dom";
import { type Fate, fates, rowName } from "./fates";
import { type Asked, type Measured, effort, largestEf } from "./model";
import { type Trail, replay } from "./replay";

/** What came back in place of the missing ones, in words and rows. */
function instead(data: Data, asked: Asked, query: number): { rows: number[]; more: number } {
  const { k: width, slots } = data.header;
  if (asked.source === "answers") {
    const exact = new Set(data.ids.subarray(query * width, query * width + asked.k));
    const rows: number[] = [];
    for (let slot = 0; slot < Math.min(asked.k, slots); slot++) {
      const at = query * slots + slot;
      if (data.answerFirst[at] !== 0 && !exact.has(data.answerIds[at])) rows.push(data.answerIds[at]);
    }
    return { rows, more: 0 };
  }
  const graph = data.graphs[asked.source === "all" ? 0 : asked.source];
  const reach = Math.min(effort(data, asked.rule, asked.ef, asked.k), graph.largest);
  const one = { ...asked, source: asked.source === "all" ? 0 : asked.source };
  const found = fates(data, one, query).filter((fate) => fate.found).length;
  let visited = 0;
  for (let step = graph.stepStart[query]; step < graph.stepStart[query + 1] && graph.stepEf[step] <= reach; step++) {
    visited = graph.stepVisited[step];
  }
  const filled = Math.min(asked.k, visited - (graph.own[query] <= reach ? 1 : 0));
  const places = Math.max(0, (asked.rule === "row-cap" ? Math.min(filled, asked.ef) : filled) - found);
  const rows: number[] = [];
  for (let rank = asked.k; rank < width && rows.length < places; rank++) {
    if (graph.required[query * width + rank] <= reach) rows.push(data.ids[query * width + rank]);
  }
  return { rows, more: places - rows.length };
}

function picture(data: Data, key: string, words: string): HTMLElement | null {
  const source = data.header.pictures[key];
  // Only what was packed into the page: no address of anywhere else.
  if (!source?.startsWith("data:image/")) return null;
  return el("img", { src: source, alt: words, loading: "lazy", width: 64, height: 64 });
}

/** What the panel asks of the page. */
export interface DetailActions {
  close(): void;
  go(query: number): void;
  trail(trail: Trail | null): void;
}

export function detail(data: Data, asked: Asked, measured: Measured, query: number, actions: DetailActions): HTMLElement {
  const all = fates(data, asked, query);
  const name = queryName(data, query);
  const own = data.header.query_is_row ? String(data.names[query]) : `q${query}`;
  const found = all.filter((fate) => fate.found).length;
  const missing = all.filter((fate) => !fate.found);
  const where = asked.source === "answers" ? "" : ` at ef ${asked.ef}`;
  const needed = missing.map((fate) => fate.needed).filter((ef) => Number.isFinite(ef) && ef !== NEVER);
  const hopeless = missing.filter((fate) => fate.needed === NEVER).length;
  let words = `${found} of its ${all.length} true neighbors came back${where}; overlap ${share(measured.overlap[query])}, fill ${share(measured.fill[query])}.`;
  if (needed.length > 0) words += ` Ef ${number(Math.max(...needed))} finds ${hopeless === 0 ? "all of them" : `all but ${hopeless}`}.`;
  else if (hopeless > 0) words += ` No ef up to ${number(largestEf(data, asked.source))} finds the other ${hopeless}.`;
  if (asked.source === "all" && data.graphs.length > 1) words += " Neighbors are those of the first graph; overlap and fill are means over graphs.";
  const button = el("button", { type: "button", class: "close", click: () => actions.close() }, "Close");
  const facts = data.header.columns
    .map(({ id, name: column }) => `${column} ${number(data.columns.get(id)?.[query] ?? NaN)}`)
    .join(" · ");
  const other = instead(data, asked, query);
  return el("section", { class: "detail", "aria-label": `Query ${name}` },
    el("div", { class: "head" }, picture(data, own, name), el("div", {}, el("h3", {}, `Query ${name}`), el("p", {}, words), facts ? el("p", { class: "quiet" }, facts) : null), button),
    strip(all),
    replay(data, asked, query, all, actions),
    pictures(data, all),
    el("div", { class: "columns" }, table(data, asked, all), insteadOf(data, other)),
  );
}

export function queryName(data: Data, query: number): string {
  const name = data.names[query];
  const label = data.header.query_is_row ? data.header.labels[String(name)] : undefined;
  return label === undefined ? String(name) : `${name} · ${label}`;
}

function strip(all: Fate[]): HTMLElement {
  const [near, far] = [all[0].distance, all[all.length - 1].distance];
  const span = far > near ? far - near : 1;
  const marks = all.map((fate) => {
    const x = 8 + (584 * (fate.distance - near)) / span;
    return svg("line", { class: fate.found ? "found" : "missing", x1: x, x2: x, y1: fate.found ? 12 : 2, y2: 30 },
      svg("title", {}, `${fate.rank + 1}: ${number(fate.distance, 4)}`));
  });
  const plot = svg("svg", { viewBox: "0 0 600 32", preserveAspectRatio: "none", role: "img", "aria-label": "Distances of the true neighbors, missing ones taller" }, ...marks);
  return el("figure", { class: "strip" }, plot,
    el("div", { class: "ends" }, el("span", {}, number(near, 4)), el("span", {}, "distance: found short, missing tall"), el("span", {}, number(far, 4))));
}

function pictures(data: Data, all: Fate[]): HTMLElement | null {
  const shown = all.flatMap((fate) => {
    const image = picture(data, String(fate.row), rowName(data, fate.row));
    if (!image) return [];
    const words = fate.found ? "found" : fate.cause;
    return [el("figure", { class: fate.found ? "found" : "missing" }, image, el("figcaption", {}, `${fate.rank + 1} ${words}`))];
  });
  return shown.length > 0 ? el("div", { class: "pictures", tabindex: 0, role: "group", "aria-label": "Pictures of the true neighbors" }, ...shown) : null;
}

function table(data: Data, asked: Asked, all: Fate[]): HTMLElement {
  const graphs = asked.source !== "answers";
  const head = ["rank", "row", "distance", "came back", ...(graphs ? ["found from ef"] : [])];
  const rows = all.map((fate) =>
    el("tr", { class: fate.found ? "found" : "missing" },
      el("th", { scope: "row" }, String(fate.rank + 1)),
      el("td", { class: "name" }, rowName(data, fate.row)),
      el("td", {}, number(fate.distance, 5)),
      el("td", {}, fate.found ? "yes" : `no: ${fate.cause}`),
      graphs ? el("td", {}, fate.needed === NEVER ? "none" : number(fate.needed)) : null));
  return el("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": "True neighbors in order" },
    el("table", {}, el("caption", {}, "True neighbors"), el("thead", {}, el("tr", {}, ...head.map((word) => el("th", { scope: "col" }, word)))), el("tbody", {}, ...rows)));
}

function insteadOf(data: Data, { rows, more }: { rows: number[]; more: number }): HTMLElement {
  const items = rows.map((row) => el("li", {}, picture(data, String(row), ""), rowName(data, row)));
  const beyond = more > 0 ? el("p", {}, `${items.length > 0 ? "and " : ""}${counted(more, "row", "rows")} farther than its ${data.header.k} nearest`) : null;
  return el("div", { class: "instead" }, el("h4", {}, "Came back instead"),
    rows.length + more === 0 ? el("p", {}, "nothing") : null, items.length > 0 ? el("ol", {}, ...items) : null, beyond);
}

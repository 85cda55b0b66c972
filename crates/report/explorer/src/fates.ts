// What became of each true neighbor of a query.

import type { Data } from "./data";
import { type Asked, askedOf, effort } from "./model";

/** What became of one true neighbor. */
export interface Fate {
  rank: number;
  row: number;
  distance: number;
  found: boolean;
  cause: "" | "unreachable" | "unvisited" | "cut off" | "not in the answer";
  /** The smallest ef that finds it; NaN where no graph says so. */
  needed: number;
}

/** The true neighbors of a query at (ef, k); on the first graph where the mean over graphs is shown. */
export function fates(data: Data, asked: Asked, query: number): Fate[] {
  const { k: width, slots } = data.header;
  const graph = asked.source === "answers" ? undefined : data.graphs[asked.source === "all" ? 0 : asked.source];
  const reach = Math.min(effort(data, asked.rule, asked.ef, asked.k), graph?.largest ?? 1);
  const most = asked.rule === "row-cap" ? Math.min(asked.k, asked.ef) : asked.k;
  const refused = asked.rule === "refuse" && askedOf(data, asked.k) > asked.ef;
  const given = new Set<number>();
  if (!graph) {
    for (let slot = 0; slot < Math.min(asked.k, slots); slot++) {
      const at = query * slots + slot;
      if (data.answerFirst[at] !== 0) given.add(data.answerIds[at]);
    }
  }
  const all: Fate[] = [];
  let returned = 0;
  for (let rank = 0; rank < asked.k; rank++) {
    const at = query * width + rank;
    const row = data.ids[at];
    const needed = graph ? graph.required[at] : NaN;
    let cause: Fate["cause"] = "";
    if (!graph) cause = given.has(row) ? "" : "not in the answer";
    else if (graph.unreachable.has(row)) cause = "unreachable";
    else if (needed > reach || refused) cause = "unvisited";
    else if (returned >= most) cause = "cut off";
    if (cause === "") returned++;
    all.push({ rank, row, distance: data.distance(query, rank), found: cause === "", cause, needed });
  }
  return all;
}

/** Causes by place, and their colors. */
export const CAUSES: [string, string][] = [
  ["nothing missing", "#009e73"],
  ["unreachable", "#cc79a7"],
  ["unvisited", "#e69f00"],
  ["cut off", "#0072b2"],
  ["not in the answer", "#d55e00"],
];

/** Per query the cause of most of its missing neighbors, by its place in `CAUSES`; 0 where none is. */
export function mainCauses(data: Data, asked: Asked): Uint8Array {
  const main = new Uint8Array(data.header.queries);
  for (let query = 0; query < main.length; query++) {
    const counts = [0, 0, 0, 0, 0];
    for (const { cause } of fates(data, asked, query)) {
      const place = cause === "" ? 0 : CAUSES.findIndex(([name]) => name === cause);
      if (place > 0) counts[place]++;
    }
    const most = Math.max(...counts);
    main[query] = most === 0 ? 0 : counts.indexOf(most);
  }
  return main;
}

/** What a row is called: its number and its text. */
export function rowName(data: Data, row: number): string {
  const label = data.header.labels[String(row)];
  return label === undefined ? String(row) : `${row} · ${label}`;
}

// Overlap, fill and causes of every query at any (rule, ef, k), as crates/eval counts them: what a
// search at an effort visits is a prefix of one traversal, and an answer is the k best of it.

import { type Data, type Graph, NEVER, type Rule } from "./data";

/** What is asked of the engine. */
export interface Asked {
  /** A graph's number, "all" for the mean over graphs, "answers" for the answers given. */
  source: number | "all" | "answers";
  rule: Rule;
  ef: number;
  k: number;
}

/** One value per query. */
export interface Measured {
  refused: boolean;
  overlap: Float64Array;
  fill: Float64Array;
  /** Rows visited; exact where the ef is one of the recorded ones. */
  visited: Float64Array;
  visitedIsExact: boolean;
}

export const RULES: [Rule, string][] = [
  ["stop-early", "stop early (FAISS)"],
  ["raise", "raise ef to k (hnswlib, usearch, Qdrant)"],
  ["row-cap", "at most ef rows (pgvector)"],
  ["refuse", "refuse k > ef (Milvus, DiskANN)"],
  ["beam-is-k", "beam is k (Lucene)"],
];

/** The k that an engine is asked for: one more where it returns the query itself. */
export function askedOf(data: Data, k: number): number {
  return k + (data.header.query_is_row ? 1 : 0);
}

/** The effort of the search that answers (ef, k). */
export function effort(data: Data, rule: Rule, ef: number, k: number): number {
  const asked = askedOf(data, k);
  if (rule === "raise") return Math.max(ef, asked);
  return rule === "beam-is-k" ? asked : ef;
}

/** The largest effort that is known of a source. */
export function largestEf(data: Data, source: Asked["source"]): number {
  return typeof source === "number" ? data.graphs[source].largest : data.header.largest_ef;
}

/** Every query, measured. */
export function measure(data: Data, asked: Asked): Measured {
  const queries = data.header.queries;
  const all: Measured = {
    refused: false,
    overlap: new Float64Array(queries),
    fill: new Float64Array(queries),
    visited: new Float64Array(queries).fill(NaN),
    visitedIsExact: true,
  };
  if (asked.source === "answers") {
    ofAnswers(data, asked.k, all);
    return all;
  }
  if (asked.rule === "refuse" && askedOf(data, asked.k) > asked.ef) {
    all.refused = true;
    all.overlap.fill(NaN);
    all.fill.fill(NaN);
    return all;
  }
  const graphs = asked.source === "all" ? data.graphs : [data.graphs[asked.source]];
  all.visited.fill(0);
  for (const graph of graphs) addGraph(data, graph, asked, all, graphs.length);
  return all;
}

function addGraph(data: Data, graph: Graph, asked: Asked, all: Measured, graphs: number): void {
  const { queries, k: width } = data.header;
  const { rule, ef, k } = asked;
  const efs = graph.efs;
  const reach = Math.min(effort(data, rule, ef, k), graph.largest);
  const most = rule === "row-cap" ? Math.min(askedOf(data, k), ef) : askedOf(data, k);
  const { required, firstK } = graph;
  let place = 0;
  while (place + 1 < efs.length && efs[place + 1] <= reach) place++;
  const next = Math.min(place + 1, efs.length - 1);
  const exact = efs[place] === reach;
  const part = exact || next === place ? 0 : (reach - efs[place]) / (efs[next] - efs[place]);
  if (!exact) all.visitedIsExact = false;
  for (let query = 0; query < queries; query++) {
    const filled = returned(data, graph, query, reach, most, k);
    let found = 0;
    const start = query * width;
    for (let at = start; at < start + width; at++) {
      if (required[at] <= reach && firstK[at] <= k) found++;
      // Ties reach beyond k by chance alone: past it, ranks count while their first k is at most k.
      else if (at - start >= k && firstK[at] > k) break;
    }
    const beyond = graph.beyond.get(query);
    if (beyond) for (const [first, needed] of beyond) if (first <= k && needed <= reach) found++;
    all.overlap[query] += Math.min(found, filled) / k / graphs;
    all.fill[query] += filled / k / graphs;
    const row = query * efs.length;
    const visits = graph.visited[row + place];
    all.visited[query] += (visits + part * (graph.visited[row + next] - visits)) / graphs;
  }
}

/** Rows that come back, the query itself not counted. */
function returned(data: Data, graph: Graph, query: number, reach: number, most: number, k: number): number {
  let visited = 0;
  for (let step = graph.stepStart[query]; step < graph.stepStart[query + 1]; step++) {
    if (graph.stepEf[step] > reach) break;
    visited = graph.stepVisited[step];
  }
  const seesItself = graph.own[query] <= reach;
  let taken = 0;
  if (data.header.query_is_row && seesItself) {
    const nearer = (graph.before.get(query) ?? []).filter((ef) => ef <= reach).length;
    taken = nearer < most ? 1 : 0;
  }
  return Math.max(0, Math.min(k, visited - (seesItself ? 1 : 0), most - taken));
}

function ofAnswers(data: Data, k: number, all: Measured): void {
  const { queries, slots } = data.header;
  for (let query = 0; query < queries; query++) {
    let found = 0;
    let filled = 0;
    for (let at = query * slots; at < query * slots + Math.min(k, slots); at++) {
      const first = data.answerFirst[at];
      if (first === 0) continue;
      filled++;
      if (first <= k) found++;
    }
    all.overlap[query] = found / k;
    all.fill[query] = filled / k;
  }
}

/** The smallest ef that finds all k neighbors of each query, the largest over graphs; NEVER if none. */
export function completing(data: Data, source: Asked["source"], k: number): Float64Array {
  const { queries, k: width } = data.header;
  const needed = new Float64Array(queries).fill(source === "answers" ? NaN : 0);
  if (source === "answers") return needed;
  const graphs = source === "all" ? data.graphs : [data.graphs[source]];
  const counted = new Uint32Array(width + 8);
  for (const graph of graphs) {
    for (let query = 0; query < queries; query++) {
      const start = query * width;
      let count = 0;
      const beyond = graph.beyond.get(query)?.filter(([first]) => first <= k) ?? [];
      let largest = 0;
      let ties = beyond.length > 0;
      for (let at = start; at < start + width; at++) {
        if (graph.firstK[at] > k) break;
        counted[count++] = graph.required[at];
        largest = Math.max(largest, graph.required[at]);
      }
      ties ||= count > k;
      if (ties) {
        const efs = [...counted.subarray(0, count), ...beyond.map(([, ef]) => ef)];
        efs.sort((a, b) => a - b);
        largest = efs[k - 1];
      }
      needed[query] = Math.max(needed[query], largest);
    }
  }
  return needed;
}

/** Mean overlap of the chosen queries at every recorded effort × every k, row by row of efs. */
export function surface(data: Data, asked: Asked, chosen: Uint8Array): { efs: number[]; overlap: Float64Array } {
  const { queries, k: width } = data.header;
  const graphs =
    asked.source === "all" ? data.graphs : asked.source === "answers" ? [] : [data.graphs[asked.source]];
  const efs = graphs[0]?.efs ?? data.header.efs;
  const largest = largestEf(data, asked.source);
  const overlap = new Float64Array(efs.length * width);
  const placeOf = new Uint16Array(largest + 2);
  for (let ef = 1, place = 0; ef < placeOf.length; ef++) {
    while (place < efs.length && efs[place] < ef) place++;
    placeOf[ef] = place;
  }
  let count = 0;
  for (let query = 0; query < queries; query++) if (chosen[query]) count++;
  const cells = new Float64Array((efs.length + 1) * width);
  for (const graph of graphs) {
    for (let query = 0; query < queries; query++) {
      if (!chosen[query]) continue;
      for (let at = query * width; at < (query + 1) * width; at++) {
        const needed = graph.required[at];
        if (needed === NEVER || needed >= placeOf.length) continue;
        cells[placeOf[needed] * width + graph.firstK[at] - 1]++;
      }
    }
  }
  for (let row = 0; row < efs.length; row++) {
    for (let k = 0, sum = 0; k < width; k++) {
      sum += cells[row * width + k];
      const before = row > 0 ? overlap[(row - 1) * width + k] : 0;
      overlap[row * width + k] = before + sum;
    }
  }
  const found = overlap.slice();
  for (let row = 0; row < efs.length; row++) {
    for (let k = 1; k <= width; k++) {
      const refused = asked.rule === "refuse" && askedOf(data, k) > efs[row];
      const reach = Math.min(effort(data, asked.rule, efs[row], k), largest);
      let at = Math.min(placeOf[reach], efs.length - 1);
      if (efs[at] > reach && at > 0) at--;
      const most = asked.rule === "row-cap" ? Math.min(k, efs[row]) / k : 1;
      const share = found[at * width + k - 1] / (k * count * Math.max(1, graphs.length));
      overlap[row * width + k - 1] = refused ? NaN : Math.min(most, share);
    }
  }
  return { efs, overlap };
}

/** The smallest ef that finds more than half of the k neighbors of a query, the largest over graphs. */
export function halving(data: Data, source: Asked["source"], k: number): (query: number) => number {
  const width = data.header.k;
  const graphs = source === "answers" ? [] : source === "all" ? data.graphs : [data.graphs[source]];
  const known = new Float64Array(data.header.queries).fill(-1);
  return (query) => {
    if (known[query] < 0) {
      const middle = (graph: Graph): number => graph.required.slice(query * width, query * width + k).sort()[k >> 1];
      known[query] = Math.max(0, ...graphs.map(middle));
    }
    return known[query];
  };
}

/** Ascending quantile by linear interpolation, p of 0 to 1. */
export function quantile(values: ArrayLike<number>, p: number): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

/** Mean, NaN left out. */
export function mean(values: ArrayLike<number>, chosen?: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < values.length; at++) {
    if ((chosen && !chosen[at]) || Number.isNaN(values[at])) continue;
    sum += values[at];
    count++;
  }
  return count > 0 ? sum / count : NaN;
}

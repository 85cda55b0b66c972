// What stands out at the (ef, k) at hand, in words; each finding holds the queries that it is about.

import { type Data, NEVER } from "./data";
import { counted, number } from "./dom";
import { type Asked, type Measured, largestEf, mean, quantile } from "./model";

export interface Finding {
  id: string;
  severity: "severe" | "notable" | "good";
  words: string;
  queries: number[];
}

const HALF = 0.5;

/** What is known of a (source, k) at any ef: the ef that finds all k, and that which finds half. */
export interface Needed {
  all: Float64Array;
  half: (query: number) => number;
}

export function findings(data: Data, asked: Asked, measured: Measured, needed: Needed): Finding[] {
  if (measured.refused) {
    return [{ id: "refused", severity: "severe", words: `The engine refuses k = ${asked.k} at ef ${asked.ef}.`, queries: [] }];
  }
  const all: Finding[] = [];
  const places = Array.from(measured.overlap.keys());
  const at = asked.source === "answers" ? "in the answers given" : `at ef ${asked.ef}`;
  const lost = places.filter((query) => measured.overlap[query] <= HALF);
  if (lost.length > 0) {
    const whose = lost.length === 1 ? "its" : "their";
    let words = `${counted(lost.length, "query loses", "queries lose")} half of ${whose} ${asked.k} neighbors or more ${at}`;
    const region = largestRegion(data, lost);
    const isOne = region.length >= 5 && region.length >= 0.4 * lost.length;
    if (isOne) words += `; ${region.length} of them lie in one region of the map`;
    words += mends(data, asked, lost, needed);
    all.push({ id: "half", severity: "severe", words: `${words}.`, queries: lost });
    if (isOne && region.length < lost.length) {
      all.push({ id: "region", severity: "severe", words: `The region in which ${region.length} of them lie.`, queries: region });
    }
  }
  const empty = places.filter((query) => measured.fill[query] < 1);
  if (empty.length > 0) {
    const slots = (1 - mean(empty.map((query) => measured.fill[query]))) * asked.k;
    const words = `${counted(empty.length, "query has", "queries have")} empty slots ${at}: ${number(slots)} of ${asked.k} on average.`;
    all.push({ id: "empty", severity: "severe", words, queries: empty });
  }
  if (asked.source !== "answers") {
    const apart = unreachable(data, asked);
    if (apart.length > 0) {
      const words = `${counted(apart.length, "query has", "queries have")} neighbors to which no path leads: no ef finds them.`;
      all.push({ id: "unreachable", severity: "severe", words, queries: apart });
    }
  }
  const some = places.filter((query) => measured.overlap[query] < 0.9 && measured.overlap[query] > HALF);
  if (some.length > 0) {
    const words = `${counted(some.length, "query loses", "queries lose")} between a tenth and a half ${at}.`;
    all.push({ id: "tenth", severity: "notable", words, queries: some });
  }
  for (const { id, name } of data.header.columns) {
    const finding = contrast(data, measured, id, name);
    if (finding) all.push(finding);
  }
  const whole = places.filter((query) => measured.overlap[query] >= 1 - 1e-12);
  const who = whole.length > 0 ? counted(whole.length, "query gets", "queries get") : "No query gets";
  const words = `${who} all ${asked.k} neighbors back${enough(data, asked, needed)}.`;
  const severity = 2 * whole.length >= places.length ? "good" : "notable";
  all.push({ id: "whole", severity, words, queries: whole });
  return all;
}

/** "; ef 240 gives 29 of them more than half back": the ef that four in five of them need. */
function mends(data: Data, asked: Asked, lost: number[], { half }: Needed): string {
  if (asked.source === "answers" || data.graphs.length === 0 || asked.k < 2) return "";
  const needed = lost.map(half);
  const mendable = needed.filter((ef) => ef !== NEVER);
  if (mendable.length === 0) return "; no ef that was tried mends one of them";
  const ef = Math.max(Math.ceil(quantile(mendable, 0.8)), asked.ef + 1);
  const mended = needed.filter((each) => each <= ef).length;
  return mended > 0 ? `; ef ${number(ef)} mends ${mended === lost.length ? "all" : mended}` : "";
}

function enough(data: Data, asked: Asked, { all }: Needed): string {
  if (asked.source === "answers" || data.graphs.length === 0) return "";
  const [ef, largest] = [quantile(all, 0.95), largestEf(data, asked.source)];
  if (!(ef <= largest)) return `; no ef up to ${number(largest)} gives all of them to 95 % of the queries`;
  return `; ef ${number(Math.ceil(ef))} gives all of them to 95 % of the queries`;
}

/** The queries with a neighbor among the first k to which no path leads. */
function unreachable(data: Data, asked: Asked): number[] {
  const graphs = asked.source === "all" ? data.graphs : [data.graphs[asked.source as number]];
  const lost = new Set(graphs.flatMap((graph) => [...graph.unreachable]));
  if (lost.size === 0) return [];
  const found: number[] = [];
  for (let query = 0; query < data.header.queries; query++) {
    const start = query * data.header.k;
    for (let at = start; at < start + asked.k; at++) {
      if (!lost.has(data.ids[at])) continue;
      found.push(query);
      break;
    }
  }
  return found;
}

const ranked = new WeakMap<Float32Array, number[]>();

/** Queries by rising value, those without one left out. */
function byValue(column: Float32Array): number[] {
  let sorted = ranked.get(column);
  if (!sorted) {
    sorted = Array.from(column.keys()).filter((query) => Number.isFinite(column[query]));
    sorted.sort((a, b) => column[a] - column[b] || a - b);
    ranked.set(column, sorted);
  }
  return sorted;
}

/** A column whose highest or lowest tenth loses clearly more than the other queries. */
function contrast(data: Data, measured: Measured, id: string, name: string): Finding | null {
  const column = data.columns.get(id);
  if (!column || column.length < 50) return null;
  const sorted = byValue(column);
  const tenth = Math.floor(sorted.length / 10);
  if (tenth < 5 || column[sorted[0]] === column[sorted[sorted.length - 1]]) return null;
  let best: Finding | null = null;
  let most = 0.05;
  for (const [end, queries, rest] of [
    ["highest", sorted.slice(-tenth), sorted.slice(0, -tenth)],
    ["lowest", sorted.slice(0, tenth), sorted.slice(tenth)],
  ] as const) {
    const of = (places: readonly number[]): number => mean(places.map((query) => measured.overlap[query]));
    const [inside, outside] = [of(queries), of(rest)];
    if (outside - inside > most) {
      most = outside - inside;
      const words = `The tenth of the queries with the ${end} ${name} has a mean overlap of ${number(inside)}, the others ${number(outside)}.`;
      best = { id: `tenth.${id}.${end}`, severity: "notable", words, queries: [...queries] };
    }
  }
  return best;
}

/** The largest group of queries that lie within a thirtieth of the map of one another, step by step. */
export function largestRegion(data: Data, queries: number[]): number[] {
  const reach = 65535 / 30;
  const cells = new Map<number, number[]>();
  // Columns and rows are below 32; those outside have numbers of their own.
  const key = (column: number, row: number): number => (column + 1) * 64 + row + 1;
  const column = (query: number): number => Math.floor(data.x[query] / reach);
  const row = (query: number): number => Math.floor(data.y[query] / reach);
  for (const query of queries) {
    const of = key(column(query), row(query));
    const cell = cells.get(of);
    if (cell) cell.push(query);
    else cells.set(of, [query]);
  }
  const seen = new Uint8Array(data.header.queries);
  let largest: number[] = [];
  for (const first of queries) {
    if (seen[first]) continue;
    const group = [first];
    seen[first] = 1;
    for (let next = 0; next < group.length; next++) {
      const from = group[next];
      for (let x = column(from) - 1; x <= column(from) + 1; x++) {
        for (let y = row(from) - 1; y <= row(from) + 1; y++) {
          for (const other of cells.get(key(x, y)) ?? []) {
            if (seen[other]) continue;
            const [alongX, alongY] = [data.x[other] - data.x[from], data.y[other] - data.y[from]];
            if (alongX * alongX + alongY * alongY <= reach * reach) {
              seen[other] = 1;
              group.push(other);
            }
          }
        }
      }
    }
    if (group.length > largest.length) largest = group;
  }
  return largest.sort((a, b) => a - b);
}

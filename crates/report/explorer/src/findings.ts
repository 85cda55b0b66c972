// What stands out at the (ef, k) at hand, in words; each finding holds the queries that it is about.

import { type Data, NEVER } from "./data";
import { counted, number } from "./dom";
import { type Asked, type Measured, completing, mean, quantile } from "./model";

export interface Finding {
  id: string;
  severity: "severe" | "notable" | "good";
  words: string;
  queries: number[];
}

const HALF = 0.5;

export function findings(data: Data, asked: Asked, measured: Measured): Finding[] {
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
    words += mends(data, asked, lost);
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
    const apart = places.filter((query) => hasUnreachable(data, asked, query));
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
  const words = `${counted(whole.length, "query gets", "queries get")} all ${asked.k} neighbors back${enough(data, asked)}.`;
  all.push({ id: "whole", severity: "good", words, queries: whole });
  return all;
}

/** "; ef 240 gives 29 of them more than half back": the ef that four in five of them need. */
function mends(data: Data, asked: Asked, lost: number[]): string {
  if (asked.source === "answers" || data.graphs.length === 0) return "";
  const width = data.header.k;
  const graphs = asked.source === "all" ? data.graphs : [data.graphs[asked.source]];
  const middle = Math.floor(asked.k / 2) + 1;
  if (middle > asked.k) return "";
  const needed = lost.map((query) =>
    Math.max(...graphs.map((graph) => {
      const efs = Array.from(graph.required.subarray(query * width, query * width + asked.k));
      return efs.sort((a, b) => a - b)[middle - 1];
    })),
  );
  const mendable = needed.filter((ef) => ef !== NEVER);
  if (mendable.length === 0) return "; no ef that was tried mends one of them";
  const ef = Math.max(Math.ceil(quantile(mendable, 0.8)), asked.ef + 1);
  const mended = needed.filter((each) => each <= ef).length;
  return mended > 0 ? `; ef ${number(ef)} mends ${mended === lost.length ? "all" : mended}` : "";
}

function enough(data: Data, asked: Asked): string {
  if (asked.source === "answers" || data.graphs.length === 0) return "";
  const needed = Array.from(completing(data, asked.source, asked.k));
  const ef = quantile(needed, 0.95);
  if (ef > data.header.largest_ef) return `; no ef up to ${number(data.header.largest_ef)} gives all of them to 95 % of the queries`;
  return `; ef ${number(Math.ceil(ef))} gives all of them to 95 % of the queries`;
}

function hasUnreachable(data: Data, asked: Asked, query: number): boolean {
  const graphs = asked.source === "all" ? data.graphs : [data.graphs[asked.source as number]];
  const start = query * data.header.k;
  return graphs.some((graph) => {
    if (graph.unreachable.size === 0) return false;
    for (let at = start; at < start + asked.k; at++) if (graph.unreachable.has(data.ids[at])) return true;
    return false;
  });
}

/** A column whose highest or lowest tenth loses clearly more than the other queries. */
function contrast(data: Data, measured: Measured, id: string, name: string): Finding | null {
  const column = data.columns.get(id);
  if (!column || column.length < 50) return null;
  const known = Array.from(column.keys()).filter((query) => Number.isFinite(column[query]));
  const sorted = known.sort((a, b) => column[a] - column[b] || a - b);
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
  const cells = new Map<string, number[]>();
  const cell = (query: number): [number, number] => [Math.floor(data.x[query] / reach), Math.floor(data.y[query] / reach)];
  for (const query of queries) {
    const key = cell(query).join();
    cells.set(key, [...(cells.get(key) ?? []), query]);
  }
  const seen = new Set<number>();
  let largest: number[] = [];
  for (const first of queries) {
    if (seen.has(first)) continue;
    const group = [first];
    seen.add(first);
    for (let next = 0; next < group.length; next++) {
      const [column, row] = cell(group[next]);
      for (let x = column - 1; x <= column + 1; x++) {
        for (let y = row - 1; y <= row + 1; y++) {
          for (const other of cells.get(`${x},${y}`) ?? []) {
            if (seen.has(other)) continue;
            const apart = Math.hypot(data.x[other] - data.x[group[next]], data.y[other] - data.y[group[next]]);
            if (apart <= reach) {
              seen.add(other);
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

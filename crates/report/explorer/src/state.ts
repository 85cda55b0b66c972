// What is looked at, and its permanent link in the address's fragment.

import type { Data, Rule } from "./data";
import { type Asked, RULES, largestEf } from "./model";

export interface State extends Asked {
  color: string;
  /** A finding's id, whose queries are chosen. */
  finding: string | null;
  /** Ranges of histograms, by column. */
  ranges: Record<string, [number, number]>;
  /** A part of the map, in shares of its sides: left, top, right, bottom. */
  box: [number, number, number, number] | null;
  /** The query looked at, by its place. */
  query: number | null;
}

const PREFIX = "#explorer:";

export function initial(data: Data): State {
  const { header } = data;
  const first = header.presets.find((preset) => preset.k <= header.k) ?? header.presets[0];
  const ks = header.ks.filter((k) => k <= header.k);
  const k = ks.length > 0 ? ks[Math.min(1, ks.length - 1)] : header.k;
  return {
    source: header.slots > 0 ? "answers" : hasMean(data) ? "all" : header.first_graph,
    rule: header.class,
    ef: Math.min(first?.ef ?? 16, header.largest_ef || 1),
    k: header.slots > 0 ? Math.min(k, header.slots) : k,
    color: "overlap",
    finding: null,
    ranges: {},
    box: null,
    query: null,
  };
}

/** Whether graphs differ in their seed alone, so that a mean over them says something. */
export function hasMean(data: Data): boolean {
  return data.header.graphs > 1 && data.header.graph_names.length === 0;
}

export function toFragment(state: State): string {
  const parts = new URLSearchParams();
  parts.set("source", String(state.source));
  parts.set("rule", state.rule);
  parts.set("ef", String(state.ef));
  parts.set("k", String(state.k));
  parts.set("color", state.color);
  if (state.finding) parts.set("finding", state.finding);
  for (const [column, range] of Object.entries(state.ranges)) {
    parts.set(`range.${column}`, range.map((end) => Number(end.toPrecision(6))).join("~"));
  }
  if (state.box) parts.set("box", state.box.map((side) => side.toFixed(4)).join("~"));
  if (state.query !== null) parts.set("query", String(state.query));
  return PREFIX + parts.toString();
}

/** The state of a fragment; what it does not say, or says wrongly, is as in `base`. */
export function fromFragment(fragment: string, data: Data, base: State): State | null {
  if (!fragment.startsWith(PREFIX)) return null;
  const parts = new URLSearchParams(fragment.slice(PREFIX.length));
  const state: State = { ...base, ranges: {}, box: null, finding: null, query: null };
  const { header } = data;
  const whole = (name: string, most: number, otherwise: number): number => {
    const value = Number(parts.get(name) ?? NaN);
    return Number.isInteger(value) && value >= 1 && value <= most ? value : otherwise;
  };
  state.k = whole("k", header.k, base.k);
  const source = parts.get("source");
  if (source === "answers" && header.slots > 0) state.source = "answers";
  else if (source === "all" && hasMean(data)) state.source = "all";
  else if (source !== null && /^\d+$/.test(source) && Number(source) < header.graphs) state.source = Number(source);
  const largest = largestEf(data, state.source);
  state.ef = whole("ef", largest, Math.min(base.ef, largest || 1));
  const rule = parts.get("rule");
  if (RULES.some(([known]) => known === rule)) state.rule = rule as Rule;
  state.color = parts.get("color") ?? base.color;
  state.finding = parts.get("finding");
  for (const [name, value] of parts) {
    if (!name.startsWith("range.")) continue;
    const [low, high] = value.split("~").map(Number);
    if (Number.isFinite(low) && Number.isFinite(high)) state.ranges[name.slice(6)] = [low, high];
  }
  const box = (parts.get("box") ?? "").split("~").map(Number);
  if (box.length === 4 && box.every(Number.isFinite)) state.box = box as [number, number, number, number];
  const query = Number(parts.get("query") ?? NaN);
  if (Number.isInteger(query) && query >= 0 && query < header.queries) state.query = query;
  return state;
}

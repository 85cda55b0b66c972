// A study's own rows: the conditions of its first run, and what measurements.csv has for them.

import type { Data, Header } from "./data";
import { share } from "./dom";
import type { State } from "./state";

type Condition = Header["conditions"][number];

/** A condition's graph, ef and k: at its own k nearest to this one. */
export function conditionAt(data: Data, condition: Condition, k: number): Partial<State> {
  const { ks } = data.header;
  let place = 0;
  ks.forEach((each, at) => {
    if (Math.abs(each - k) < Math.abs(ks[place] - k)) place = at;
  });
  return { source: condition.graph, rule: "stop-early", ef: condition.efs[place], k: ks[place] };
}

/** The row of the graph, ef and k at hand, and the conditions whose it is. */
export function rowOf(data: Data, state: State): { names: string[]; words: string } | null {
  const { ks, conditions, queries, measured_queries: all } = data.header;
  const at = ks.indexOf(state.k);
  if (at < 0 || state.rule !== "stop-early") return null;
  const places = conditions.flatMap(({ graph, efs }, place) => (graph === state.source && efs[at] === state.ef ? [place] : []));
  if (places.length === 0) return null;
  const cell = places[0] * ks.length + at;
  const names = places.map((place) => conditions[place].name);
  const { overlap, fill, p5 } = data.measured;
  const of = all === queries ? `all ${all.toLocaleString("en-US")} queries` : `all ${all.toLocaleString("en-US")} queries of the run, of which ${queries.toLocaleString("en-US")} are on this page`;
  return {
    names,
    words: `${names.join(" = ")}, k ${state.k}, in measurements.csv: overlap ${share(overlap[cell])}, fill ${share(fill[cell])}, worst 5 % ${share(p5[cell])}, over ${of}.`,
  };
}

// The data block of a page: a header in JSON and columns of numbers, zlib-compressed, in base64.
// Written by crates/report/src/explorer/block.rs, whose structs have the same names.

/** What the columns are. */
export interface Header {
  version: number;
  /** The data's name. */
  name: string;
  metric: string;
  /** Base rows. */
  rows: number;
  queries: number;
  /** Exact neighbors of each query. */
  k: number;
  /** Whether queries are base rows, and so an engine is asked for one more. */
  query_is_row: boolean;
  /** Graphs recorded; 0 where answers alone were given. */
  graphs: number;
  /** What graphs are called; none where they differ in their seed alone, and have a mean. */
  graph_names: string[];
  /** The graph shown first, and the one whose searches are replayed. */
  first_graph: number;
  /** The rule of the graphs' own engine. */
  class: Rule;
  /** No larger effort is known, of any graph and of each. */
  largest_ef: number;
  largest_efs: number[];
  /** Efforts at which the visited rows are known. */
  efs: number[];
  /** Every k that is reported. */
  ks: number[];
  /** Of a study: its conditions, with the effort at each of `ks`. */
  conditions: { name: string; graph: number; efs: number[] }[];
  /** Queries behind the study's own figures. */
  measured_queries: number;
  /** Engines' defaults and efforts given. */
  presets: { who: string; class: Rule; ef: number; k: number }[];
  /** Share of 15 neighbors that the map keeps. */
  map_kept: number | null;
  columns: { id: string; name: string }[];
  /** Slots of the answers given, 0 where there are none. */
  slots: number;
  answers: string | null;
  /** Text of rows, by row. */
  labels: Record<string, string>;
  /** Pictures of rows as data URLs, by row; of held-out queries by `q` and their place. */
  pictures: Record<string, string>;
  /** What was left out, in words. */
  notes: string[];
  sections: { name: string; type: "u8" | "u16" | "u32" | "f32" | "f64"; start: number; length: number }[];
}

export type Rule = "stop-early" | "raise" | "row-cap" | "refuse" | "beam-is-k";

type Column = Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array;

/** Visits of one graph. */
export interface Graph {
  /** queries × k: the smallest ef that finds each neighbor; NEVER if none. */
  required: Uint32Array;
  /** The first k at which each counts: its rank + 1, less where it ties. */
  firstK: Uint16Array;
  own: Uint32Array;
  /** Start of each query's steps. */
  stepStart: Uint32Array;
  stepEf: Column;
  stepVisited: Column;
  /** Rows beyond the k neighbors that tie with the last, by query: [first k, ef]. */
  beyond: Map<number, [number, number][]>;
  /** Efs of rows nearer than the query itself, by query. */
  before: Map<number, number[]>;
  /** The largest effort, and the efs up to it at which the visited rows are known. */
  largest: number;
  efs: number[];
  /** queries × efs. */
  visited: Column;
  unreachable: Set<number>;
}

/** The beginning of one query's search. */
export interface Replay {
  /** Rows in the order they are visited, and their distances. */
  rows: Column;
  distance(visit: number): number;
  /** Per expansion the visit that is expanded, and the rows visited before it. */
  expanded: Column;
  seen: Column;
  /** The efs at which more is visited, and V(ef) there. */
  stopEfs: Column;
  stopVisited: Column;
  /** Rows visited at the largest ef. */
  all: number;
}

/** A study's own figures, conditions × ks. */
export interface MeasuredRows {
  overlap: Column;
  fill: Column;
  p5: Column;
  visited: Column;
}

export interface Data {
  header: Header;
  names: Float64Array;
  x: Column;
  y: Column;
  ids: Column;
  distance(query: number, rank: number): number;
  graphs: Graph[];
  baseX: Column;
  baseY: Column;
  columns: Map<string, Float32Array>;
  answerIds: Column;
  answerFirst: Column;
  replays: Map<number, Replay>;
  measured: MeasuredRows;
}

export const NEVER = 0xffffffff;
/** In `answerFirst`: farther than every neighbor. */
export const FARTHER = 0xffff;

/** Reads the block in the page's two script elements. */
export async function read(header: string, blob: string): Promise<Data> {
  const head = JSON.parse(header) as Header;
  const packed = Uint8Array.from(atob(blob.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  return decode(head, bytes);
}

function decode(header: Header, bytes: ArrayBuffer): Data {
  const kinds = { u8: Uint8Array, u16: Uint16Array, u32: Uint32Array, f32: Float32Array, f64: Float64Array };
  const found = new Map(
    header.sections.map((s) => [s.name, new kinds[s.type](bytes, s.start, s.length) as Column]),
  );
  const section = (name: string): Column => found.get(name) ?? new Uint8Array(0);
  const { k } = header;
  const near = section("near");
  const far = section("far");
  const between = sums(section("distance_steps") as Uint16Array, k);
  return {
    header,
    names: section("names") as Float64Array,
    x: section("x"),
    y: section("y"),
    ids: section("ids"),
    distance: (query, rank) =>
      near[query] + (between[query * k + rank] / 65535) * (far[query] - near[query]),
    graphs: Array.from({ length: header.graphs }, (_, g) => graph(g, section, header)),
    baseX: section("base_x"),
    baseY: section("base_y"),
    columns: new Map(header.columns.map((c) => [c.id, section(`column:${c.id}`) as Float32Array])),
    answerIds: section("answer_ids"),
    answerFirst: section("answer_first"),
    replays: replays(section),
    measured: {
      overlap: section("measured_overlap"),
      fill: section("measured_fill"),
      p5: section("measured_p5"),
      visited: section("measured_visited"),
    },
  };
}

/** Row by row the sums of steps, as `block.rs` took them apart. */
function sums(steps: Uint16Array, width: number): Uint16Array {
  const all = new Uint16Array(steps.length);
  for (let at = 0; at < steps.length; at++) all[at] = steps[at] + (at % width === 0 ? 0 : all[at - 1]);
  return all;
}

/** Cuts the columns of all replays at their lengths. */
function replays(section: (name: string) => Column): Map<number, Replay> {
  const found = new Map<number, Replay>();
  const lengths = section("replay_lengths");
  const [near, far] = [section("replay_near"), section("replay_far")];
  const at = { rows: 0, expansions: 0, stops: 0 };
  section("replay_queries").forEach((query, place) => {
    const rows = section("replay_rows").subarray(at.rows, at.rows + lengths[place]);
    const between = section("replay_distances").subarray(at.rows, at.rows + lengths[place]);
    const expansions = at.expansions + section("replay_expansions")[place];
    const stops = at.stops + section("replay_stops")[place];
    found.set(query, {
      rows,
      distance: (visit) => near[place] + (between[visit] / 65535) * (far[place] - near[place]),
      expanded: section("replay_expanded").subarray(at.expansions, expansions),
      seen: section("replay_seen").subarray(at.expansions, expansions),
      stopEfs: section("replay_stop_efs").subarray(at.stops, stops),
      stopVisited: section("replay_stop_visited").subarray(at.stops, stops),
      all: section("replay_all")[place],
    });
    at.rows += lengths[place];
    [at.expansions, at.stops] = [expansions, stops];
  });
  return found;
}

function graph(g: number, section: (name: string) => Column, header: Header): Graph {
  const { queries, k } = header;
  const largest = header.largest_efs[g];
  const wide = (column: Column): Uint32Array => {
    if (column instanceof Uint32Array) return column;
    return Uint32Array.from(column as Uint16Array, (ef) => (ef === 0xffff ? NEVER : ef));
  };
  const firstK = new Uint16Array(queries * k);
  for (let at = 0; at < firstK.length; at++) firstK[at] = (at % k) + 1;
  const beyond = new Map<number, [number, number][]>();
  const ties = section(`ties${g}`);
  for (let at = 0; at < ties.length; at += 4) {
    const [query, rank, first, ef] = [ties[at], ties[at + 1], ties[at + 2], ties[at + 3]];
    if (rank === NEVER) push(beyond, query, [first, ef]);
    else firstK[query * k + rank] = first;
  }
  const before = new Map<number, number[]>();
  const nearer = section(`before${g}`);
  for (let at = 0; at < nearer.length; at += 2) push(before, nearer[at], nearer[at + 1]);
  const counts = section(`step_counts${g}`);
  const stepStart = new Uint32Array(queries + 1);
  for (let query = 0; query < queries; query++) stepStart[query + 1] = stepStart[query] + counts[query];
  return {
    required: wide(section(`required${g}`)),
    firstK,
    own: wide(section(`own${g}`)),
    stepStart,
    stepEf: section(`step_efs${g}`),
    stepVisited: section(`step_visited${g}`),
    beyond,
    before,
    largest,
    efs: header.efs.filter((ef) => ef <= largest),
    visited: section(`visited${g}`),
    unreachable: new Set(section(`unreachable${g}`)),
  };
}

function push<V>(map: Map<number, V[]>, key: number, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

//! Searches with the engines' queues are those written out plainly here, id for id, on graphs with many
//! equal distances: each engine's rules once more, in arrays and floats, from the engine's own source.

use crate::queue::{Beam, QueryScorer, QueueRule, Scored};
use crate::{DistanceComputer, EngineSearch, Graph, Links, Parameters, VectorDistances, Visits};
use annatomy_vectors::{Matrix, Metric};
use std::collections::BTreeSet;

/// A distance, and the id it belongs to; −1 once FAISS has expanded the row.
type Pair = (f32, i64);

/// A binary heap in an array whose first place is 1, as textbooks have it: `above(a, b)` says that a has to
/// stand above b.
struct TextbookHeap {
    rows: Vec<Pair>,
    above: fn(Pair, Pair) -> bool,
}

impl TextbookHeap {
    fn new(above: fn(Pair, Pair) -> bool) -> Self {
        let rows = vec![(f32::NAN, i64::MIN)];
        Self { rows, above }
    }

    fn len(&self) -> usize {
        self.rows.len() - 1
    }

    fn up(&mut self, mut place: usize) {
        while place > 1 && (self.above)(self.rows[place], self.rows[place / 2]) {
            self.rows.swap(place, place / 2);
            place /= 2;
        }
    }

    fn push(&mut self, row: Pair) {
        self.rows.push(row);
        self.up(self.len());
    }

    /// libstdc++: an empty place goes down to a leaf, then the last row goes up from there.
    fn pop_from_leaf(&mut self) -> Pair {
        let (first, last) = (self.rows[1], self.rows.pop().expect("a row"));
        if self.len() == 0 {
            return first;
        }
        let mut place = 1;
        while 2 * place <= self.len() {
            let (left, right) = (2 * place, 2 * place + 1);
            let takes_left = right > self.len() || (self.above)(self.rows[left], self.rows[right]);
            let child = if takes_left { left } else { right };
            self.rows[place] = self.rows[child];
            place = child;
        }
        self.rows[place] = last;
        self.up(place);
        first
    }

    /// FAISS: the last row goes down from the top until it stands above both children.
    fn pop_from_top(&mut self) {
        let length = self.len();
        let last = self.rows[length];
        let mut place = 1;
        while 2 * place <= length {
            let (left, right) = (2 * place, 2 * place + 1);
            let takes_left = right > length || (self.above)(self.rows[left], self.rows[right]);
            let child = if takes_left { left } else { right };
            if (self.above)(last, self.rows[child]) {
                break;
            }
            self.rows[place] = self.rows[child];
            place = child;
        }
        self.rows[place] = last;
        self.rows.pop();
    }
}

/// A graph, and how far a query is from each row: squared L2, or the negative inner product.
struct Walked<'w> {
    graph: &'w Graph,
    far: &'w dyn Fn(u32) -> f32,
    is_allowed: &'w dyn Fn(u32) -> bool,
}

impl Walked<'_> {
    /// Where the search of layer 0 begins.
    fn entry(&self) -> u32 {
        let mut nearest = self.graph.entry_point().expect("rows");
        for layer in (1..=self.graph.level(nearest)).rev() {
            loop {
                let from = nearest;
                for &id in self.graph.links(from, layer) {
                    if (self.far)(id) < (self.far)(nearest) {
                        nearest = id;
                    }
                }
                if nearest == from {
                    break;
                }
            }
        }
        nearest
    }

    fn hnswlib(&self, Beam { ef, k }: Beam) -> (Vec<u32>, usize) {
        let mut top = TextbookHeap::new(|a, b| a.0 > b.0);
        let mut candidates = TextbookHeap::new(|a, b| a.0 < b.0);
        let entry = self.entry();
        let mut visited = BTreeSet::from([entry]);
        let mut bound = f32::MAX;
        candidates.push(((self.far)(entry), entry.into()));
        if (self.is_allowed)(entry) {
            bound = (self.far)(entry);
            top.push((bound, entry.into()));
        }
        while candidates.len() > 0 {
            if candidates.rows[1].0 > bound && top.len() == ef {
                break;
            }
            let (_, expanded) = candidates.pop_from_leaf();
            for &id in self.graph.links(expanded as u32, 0) {
                let far = (self.far)(id);
                if !visited.insert(id) || (top.len() >= ef && bound <= far) {
                    continue;
                }
                candidates.push((far, id.into()));
                if (self.is_allowed)(id) {
                    top.push((far, id.into()));
                }
                while top.len() > ef {
                    top.pop_from_leaf();
                }
                if top.len() > 0 {
                    bound = top.rows[1].0;
                }
            }
        }
        while top.len() > k {
            top.pop_from_leaf();
        }
        let mut answer = top.rows.split_off(1);
        answer.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        (
            answer.iter().map(|row| row.1 as u32).collect(),
            visited.len(),
        )
    }

    fn usearch(&self, Beam { ef, k }: Beam) -> (Vec<u32>, usize) {
        let mut top: Vec<Pair> = Vec::new();
        let mut next: Vec<Pair> = Vec::new();
        let entry = self.entry();
        let mut visited = BTreeSet::from([entry]);
        next.push(((self.far)(entry), entry.into()));
        if (self.is_allowed)(entry) {
            top.push(next[0]);
        }
        while let Some(&(far, expanded)) = next.first() {
            if top.len() == ef && far > top[ef - 1].0 {
                break;
            }
            let last = next.pop().expect("a row");
            if !next.is_empty() {
                next[0] = last;
            }
            let mut place = 0;
            loop {
                let mut best = place;
                for child in 2 * place + 1..=2 * place + 2 {
                    if child < next.len() && next[child].0 < next[best].0 {
                        best = child;
                    }
                }
                if best == place {
                    break;
                }
                next.swap(best, place);
                place = best;
            }
            for &id in self.graph.links(expanded as u32, 0) {
                let far = (self.far)(id);
                if !visited.insert(id) || (top.len() == ef && far >= top[ef - 1].0) {
                    continue;
                }
                next.push((far, id.into()));
                let mut place = next.len() - 1;
                while place > 0 && next[(place - 1) / 2].0 > next[place].0 {
                    next.swap((place - 1) / 2, place);
                    place = (place - 1) / 2;
                }
                if (self.is_allowed)(id) {
                    let before = top.iter().filter(|row| row.0 < far).count();
                    top.insert(before, (far, id.into()));
                    top.truncate(ef);
                }
            }
        }
        let answer = top.iter().take(k);
        (answer.map(|row| row.1 as u32).collect(), visited.len())
    }

    fn faiss(&self, Beam { ef, k }: Beam, above: fn(Pair, Pair) -> bool) -> (Vec<u32>, usize) {
        let mut held = TextbookHeap::new(above);
        let mut answer: Vec<Pair> = Vec::new();
        let entry = self.entry();
        let mut visited = BTreeSet::from([entry]);
        let mut new = vec![entry];
        loop {
            for id in new.drain(..) {
                let row = ((self.far)(id), i64::from(id));
                if (self.is_allowed)(id) {
                    // Of equal rows that which came first stays.
                    let is_late = answer.len() == k && answer[k - 1].0 <= row.0;
                    if !is_late {
                        answer.truncate(k - 1);
                        answer.push(row);
                        answer.sort_by(|&a, &b| above(a, b).cmp(&above(b, a)));
                    }
                }
                if held.len() == ef.max(k) {
                    if row.0 >= held.rows[1].0 {
                        continue;
                    }
                    held.pop_from_top();
                }
                held.push(row);
            }
            let pending = held.rows.iter().skip(1).filter(|row| row.1 >= 0);
            let Some(nearest) = pending.map(|row| row.0).reduce(f32::min) else {
                break;
            };
            let place = held
                .rows
                .iter()
                .rposition(|&row| row.0 == nearest && row.1 >= 0);
            let expanded = held.rows[place.expect("the nearest")].1;
            held.rows[place.expect("the nearest")].1 = -1;
            if held.rows.iter().filter(|row| row.0 < nearest).count() >= ef {
                break;
            }
            let links = self.graph.links(expanded as u32, 0).iter();
            new.extend(links.copied().filter(|&id| visited.insert(id)));
        }
        (
            answer.iter().map(|row| row.1 as u32).collect(),
            visited.len(),
        )
    }

    /// All in one list, sorted by (distance, id · sign) each time.
    fn unbounded(&self, Beam { ef, k }: Beam, sign: i64) -> (Vec<u32>, usize) {
        let row = |id: u32| ((self.far)(id), sign * i64::from(id));
        let entry = self.entry();
        let mut visited = BTreeSet::from([entry]);
        let mut candidates = vec![row(entry)];
        let mut top: Vec<Pair> = Vec::new();
        if (self.is_allowed)(entry) {
            top.push(row(entry));
        }
        loop {
            candidates.sort_by(|a, b| b.partial_cmp(a).expect("numbers"));
            let Some(nearest) = candidates.pop() else {
                break;
            };
            if top.len() == ef && nearest.0 > top[ef - 1].0 {
                break;
            }
            for &id in self.graph.links((sign * nearest.1) as u32, 0) {
                if !visited.insert(id) || (top.len() == ef && top[ef - 1].0 <= row(id).0) {
                    continue;
                }
                candidates.push(row(id));
                if (self.is_allowed)(id) {
                    top.push(row(id));
                    top.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
                    top.truncate(ef);
                }
            }
        }
        let answer = top.iter().take(k);
        (
            answer.map(|row| (sign * row.1) as u32).collect(),
            visited.len(),
        )
    }

    fn plainly(&self, rule: QueueRule, beam: Beam) -> (Vec<u32>, usize) {
        match rule {
            QueueRule::Hnswlib => self.hnswlib(beam),
            QueueRule::Usearch => self.usearch(beam),
            QueueRule::Faiss => self.faiss(beam, |a, b| a.0 > b.0 || a.0 == b.0 && a.1 > b.1),
            QueueRule::FaissUnbounded => self.unbounded(beam, 1),
            QueueRule::FaissSimilarityUnbounded => self.unbounded(beam, -1),
            QueueRule::FaissSimilarity => {
                self.faiss(beam, |a, b| a.0 > b.0 || a.0 == b.0 && a.1 < b.1)
            }
        }
    }
}

/// Rows of few levels, whose distances are whole numbers.
fn rows(count: usize, columns: usize, levels: u32, seed: u32) -> Matrix {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) % levels) as f32
    };
    let values = (0..count * columns).map(|_| draw()).collect();
    Matrix::new(count, columns, values).expect("shape")
}

const RULES: [(QueueRule, Metric); 6] = [
    (QueueRule::Hnswlib, Metric::L2),
    (QueueRule::Usearch, Metric::L2),
    (QueueRule::Faiss, Metric::L2),
    (QueueRule::FaissSimilarity, Metric::InnerProduct),
    (QueueRule::FaissUnbounded, Metric::L2),
    (QueueRule::FaissSimilarityUnbounded, Metric::InnerProduct),
];

const BEAMS: [(usize, usize); 9] = [
    (1, 1),
    (1, 7),
    (3, 2),
    (10, 1),
    (10, 10),
    (10, 40),
    (33, 10),
    (70, 70),
    (400, 20),
];

#[test]
fn ids_are_those_of_each_engines_rules_written_out_plainly() {
    let mut search = EngineSearch::default();
    let (mut visits, mut answer, mut alone) = (Visits::default(), Vec::new(), Vec::new());
    let mut late = 0;
    for (columns, levels, seed) in [(16, 2, 1), (5, 4, 2), (2, 9, 3), (8, 1_000, 4)] {
        let rows = rows(600, columns, levels, seed);
        for (rule, metric) in RULES {
            let distances = VectorDistances::new(rows.view(), metric);
            let graph = Graph::build(&distances, &Parameters::faiss(5, 30, 7)).expect("a graph");
            for query in (0..600_u32).step_by(29) {
                let scorer = distances.scorer(query);
                let far =
                    |id| VectorDistances::reduced_distance_of_key(QueryScorer::key(scorer, id));
                for is_allowed in [|_| true, |id: u32| id % 3 != 1] {
                    let walked = Walked {
                        graph: &graph,
                        far: &far,
                        is_allowed: &is_allowed,
                    };
                    for (ef, k) in BEAMS {
                        let beam = Beam { ef, k };
                        let filter = (is_allowed, &mut visits);
                        search.record(&graph, scorer, (rule, beam), filter, &mut answer);
                        let ids: Vec<u32> = answer.iter().map(|row| row.id).collect();
                        let (plain, visited) = walked.plainly(rule, beam);
                        let what = format!("{rule:?}, {levels} levels, query {query}, {beam:?}");
                        assert_eq!(ids, plain, "{what}");
                        assert_eq!(visits.visited(ef), visited, "{what}");
                        if is_allowed(1) {
                            search.answer(&graph, scorer, (rule, beam), &mut alone);
                            assert_eq!(answer, alone, "{what}");
                            late += usize::from(!answer.is_sorted());
                        }
                    }
                }
            }
        }
    }
    assert!(
        late > 100,
        "{late} answers whose equal rows do not stand by id"
    );
}

/// Where no distances are equal, every queue is the one that a trace follows.
#[test]
fn without_ties_answers_are_those_of_the_plain_queue() {
    let mut state = 9_u64;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f32
    };
    let rows = Matrix::new(500, 6, (0..3_000).map(|_| draw()).collect()).expect("shape");
    let distances = VectorDistances::new(rows.view(), Metric::L2);
    let graph = Graph::build(&distances, &Parameters::faiss(5, 30, 7)).expect("a graph");
    let (mut search, mut plain) = (EngineSearch::default(), crate::Search::default());
    let (mut found, mut expected): (Vec<Scored>, Vec<Scored>) = Default::default();
    for query in (0..500).step_by(17) {
        let scorer = distances.scorer(query);
        for ef in [1, 5, 20, 90] {
            plain.nearest(&graph, scorer, ef, &mut expected);
            for rule in [QueueRule::Hnswlib, QueueRule::Usearch, QueueRule::Faiss] {
                let beam = Beam { ef, k: ef };
                search.answer(&graph, scorer, (rule, beam), &mut found);
                assert_eq!(found, expected, "{rule:?}, ef {ef}, query {query}");
            }
        }
    }
}

//! The record of one traversal, from which every (ef, k) is read.
//!
//! The order of pops depends on neither ef nor k; only the moment of stopping does. A search of
//! effort ef stops at the first pop that has at least ef strictly nearer rows among those seen, so
//! the visited set of any ef is a prefix of the visits in the order they were made. [`Visits`]
//! keeps that order and, whenever a pop's rank reaches a new maximum r, the **step** (r, number
//! seen before it). V(ef) is the count at the first step with r ≥ ef.
//!
//! Where answers hold at most `max_k` ≤ ef rows, a search may skip rows that are no nearer than ef
//! rows seen before: they are in no such answer, and nearer than no row popped later. They take a
//! place in the order of arrivals, so that V(ef) counts them, and nothing else.
//!
//! Cost: one sort of the visits, as integers (where keys are ranks, one bit insertion each), one
//! bit insertion a visit and one rank query a pop.

use super::record::SearchRecord;
use crate::queue::{Coverage, QueryScorer, Scored};
use annatomy_vectors::{RankedBitSet, sort_by_32_bits};
use std::iter::once;
use std::mem::take;

/// One visited row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Its id.
    pub id: u32,
    /// Its key for the query.
    pub key: u32,
    /// How many rows were visited before it.
    pub arrival: u32,
}

/// A new maximum of the rank of a popped row among the rows seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    rank: u32,
    seen: u32,
    /// Rows expanded before; 0 in merged traces.
    expanded: u32,
}

/// V(ef): the rows seen at the first step of at least that rank; `None` if there is none.
pub(super) fn step_at(steps: &[Step], ef: usize) -> Option<usize> {
    let step = steps.partition_point(|step| (step.rank as usize) < ef);
    steps.get(step).map(|step| step.seen as usize)
}

/// The smallest ef whose search visits the row that arrived after `arrival` others.
pub(super) fn step_before(steps: &[Step], arrival: u32) -> usize {
    let step = steps.partition_point(|step| step.seen <= arrival);
    step.checked_sub(1)
        .map_or(1, |before| steps[before].rank as usize + 1)
}

/// A pop: the row expanded and how many rows had been seen by then.
#[derive(Clone, Copy, Debug)]
struct Pop {
    key: u32,
    id: u32,
    seen: u32,
}

/// V(ef) at every effort of a traversal, without its visits.
#[derive(Clone, Debug)]
pub struct VisitCounts {
    ef: usize,
    steps: Vec<Step>,
    all: usize,
    tied: Vec<[u32; 2]>,
    decided_above: u32,
}

impl VisitCounts {
    /// The effort of the traversal.
    pub fn ef(&self) -> usize {
        self.ef
    }

    /// V(ef), of no larger effort than the traversal's.
    pub fn visited(&self, ef: usize) -> usize {
        step_at(&self.steps, ef).unwrap_or(self.all)
    }

    /// Whether a search of effort `ef` may visit other rows than the first V(ef): where a popped row is
    /// one of several at the same distance, and a queue of `ef` rows has no place for all of them, the
    /// queue decides which of them it expands.
    pub fn is_tied(&self, ef: usize) -> bool {
        let holds = |&[before, end]: &[u32; 2]| (before as usize) < ef && ef < end as usize;
        self.tied.iter().any(holds)
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.steps[..]) + size_of_val(&self.tied[..])
    }
}

/// All visits of one traversal; reused from query to query.
#[derive(Debug, Default)]
pub struct Visits {
    ef: usize,
    /// The most rows of any answer.
    max_k: usize,
    /// By arrival; `ID_NOT_RECORDED` for skipped rows.
    ids: Vec<u32>,
    /// Key and arrival of every visit, as one integer.
    order: Vec<u64>,
    /// Memory to sort it.
    buffer: Vec<u64>,
    nearest_first: Vec<Visit>,
    pops: Vec<Pop>,
    steps: Vec<Step>,
    /// Of each pop of a row that was not alone at its distance, how many rows seen were strictly nearer,
    /// and how many were no farther: ascending runs of two rows and more that do not overlap.
    tied: Vec<[u32; 2]>,
    decided_above: u32,
    seen: RankedBitSet,
    place_by_arrival: Vec<u32>,
    /// Where keys are ranks: those visited, and the arrival at each.
    keys: RankedBitSet,
    arrival_of_key: Vec<u32>,
}

/// The id of a row that was skipped and only counted.
const ID_NOT_RECORDED: u32 = u32::MAX;

/// Whether two runs have a place in common.
fn overlap(one: &[u32; 2], other: &[u32; 2]) -> bool {
    one[0] < other[1] && other[0] < one[1]
}

/// Sorts runs, and makes one of those that overlap.
fn join(runs: &mut Vec<[u32; 2]>) {
    runs.sort_unstable();
    runs.dedup_by(|next, run| {
        let is_one = overlap(run, next);
        if is_one {
            run[1] = run[1].max(next[1]);
        }
        is_one
    });
}

/// Key and arrival.
fn unpacked(packed: u64) -> (u32, u32) {
    ((packed >> 32) as u32, packed as u32)
}

impl SearchRecord for Visits {
    #[inline]
    fn on_evaluated(&mut self, scored: Scored) {
        self.order
            .push(u64::from(scored.key) << 32 | self.ids.len() as u64);
        self.ids.push(scored.id);
    }

    fn on_skipped(&mut self, count: usize) {
        self.ids.resize(self.ids.len() + count, ID_NOT_RECORDED);
    }

    fn coverage(&self) -> Coverage {
        if self.max_k > self.ef {
            Coverage::All
        } else {
            Coverage::MayBeCloser
        }
    }

    #[inline]
    fn on_expanded(&mut self, popped: Scored) {
        self.pops.push(Pop {
            key: popped.key,
            id: popped.id,
            seen: self.ids.len() as u32,
        });
    }
}

impl Visits {
    pub(crate) fn begin(&mut self, ef: usize, max_k: usize) {
        (self.ef, self.max_k) = (ef, max_k);
        self.ids.clear();
        self.order.clear();
        self.pops.clear();
        self.steps.clear();
        self.tied.clear();
        self.decided_above = u32::MAX;
    }

    /// V(ef) at every effort.
    pub fn counts(&self) -> VisitCounts {
        VisitCounts {
            ef: self.ef,
            steps: self.steps.clone(),
            all: self.ids.len(),
            tied: self.tied.clone(),
            decided_above: self.decided_above,
        }
    }

    /// The efforts at which a queue's end falls among popped rows of equal distance: those above the
    /// first number of each run and below the second. What a queue of limited size visits there may
    /// differ from the first V(ef) rows ([`VisitCounts::is_tied`]).
    pub fn tied(&self) -> &[[u32; 2]] {
        &self.tied
    }

    /// The largest effort up to which no row is popped that is one of several at the same distance. Above it
    /// a queue with another order among them may visit other rows: of two, the one that is expanded first may
    /// lead to enough nearer rows for the other never to be.
    pub fn decided_above(&self) -> u32 {
        self.decided_above
    }

    /// Ids of the first visits in their order: of `most` of them, or of those before the first that was
    /// skipped.
    pub fn first_ids(&self, most: usize) -> &[u32] {
        let first = &self.ids[..self.ids.len().min(most)];
        let skipped = first.iter().position(|&id| id == ID_NOT_RECORDED);
        &first[..skipped.unwrap_or(first.len())]
    }

    /// Replaces the record by one that knows V(ef), and no row.
    pub fn count_as(&mut self, counts: &VisitCounts) {
        self.begin(counts.ef, usize::MAX);
        self.nearest_first.clear();
        self.steps.extend_from_slice(&counts.steps);
        self.tied.extend_from_slice(&counts.tied);
        self.decided_above = counts.decided_above;
        self.skip_to(counts.all);
    }

    /// Counts rows without their ids and keys until `count` are seen.
    pub(super) fn skip_to(&mut self, count: usize) {
        self.ids.resize(count, ID_NOT_RECORDED);
    }

    /// What was seen by now is what a search of one effort more sees.
    pub(super) fn end_group(&mut self) {
        self.ef += 1;
        self.steps.push(Step {
            rank: self.ef as u32,
            seen: self.ids.len() as u32,
            expanded: 0,
        });
    }

    /// Every row seen, by arrival: the key, none for one that was skipped, and the smallest effort that
    /// sees it.
    pub(super) fn arrivals(&self) -> impl Iterator<Item = (u32, Option<u32>, usize)> {
        let mut keys = vec![None; self.ids.len()];
        for (key, arrival) in self.order.iter().copied().map(unpacked) {
            keys[arrival as usize] = Some(key);
        }
        let mut passed = 0;
        let rows = self.ids.iter().zip(keys).enumerate();
        rows.map(move |(arrival, (&id, key))| {
            let is_passed = |step: &Step| step.seen as usize <= arrival;
            while self.steps.get(passed).is_some_and(is_passed) {
                passed += 1;
            }
            let last = passed.checked_sub(1);
            let effort = last.map_or(1, |last| self.steps[last].rank as usize + 1);
            (id, key, effort)
        })
    }

    /// Replaces the record by rows in the order of the effort that first sees them: each its id, key
    /// and effort.
    pub(super) fn record_efforts(
        &mut self,
        ef: usize,
        rows: impl IntoIterator<Item = (u32, Option<u32>, usize)>,
        scorer: impl QueryScorer,
    ) {
        self.begin(ef, usize::MAX);
        let mut last = 1;
        for (id, key, effort) in rows {
            if effort > last {
                self.steps.push(Step {
                    rank: effort as u32 - 1,
                    seen: self.ids.len() as u32,
                    expanded: 0,
                });
                last = effort;
            }
            match key {
                Some(key) => self.on_evaluated(Scored { key, id }),
                None => self.on_skipped(1),
            }
        }
        self.order(scorer);
    }

    /// Sorts the visits and replays the pops to find the steps.
    pub(crate) fn finish(&mut self, scorer: impl QueryScorer) {
        self.order(scorer);
        self.place_by_arrival.resize(self.ids.len(), 0);
        for (place, visit) in self.nearest_first.iter().enumerate() {
            self.place_by_arrival[visit.arrival as usize] = place as u32;
        }
        let (mut seen, mut steps) = (take(&mut self.seen), take(&mut self.steps));
        let mut tied = take(&mut self.tied);
        self.decided_above = self.steps_over(scorer, |_| true, &mut seen, (&mut steps, &mut tied));
        (self.seen, self.steps, self.tied) = (seen, steps, tied);
    }

    /// Sorts the visits; without steps every effort has visited all of them.
    pub(super) fn order(&mut self, scorer: impl QueryScorer) {
        match scorer.ranks() {
            Some(ranks) => self.order_by_rank(ranks),
            None => self.order_by_key(),
        }
    }

    pub(super) fn order_by_key(&mut self) {
        // They come by arrival, and those of one key stay so.
        sort_by_32_bits(&mut self.order, 32, &mut self.buffer);
        self.nearest_first.clear();
        self.nearest_first.extend(self.order.iter().map(|&packed| {
            let (key, arrival) = unpacked(packed);
            Visit {
                id: self.ids[arrival as usize],
                key,
                arrival,
            }
        }));
        for tied in self
            .nearest_first
            .chunk_by_mut(|a, b| a.key == b.key)
            .filter(|tied| tied.len() > 1)
        {
            tied.sort_unstable_by_key(|visit| visit.id);
        }
    }

    /// The same where keys are ranks in 0..`ranks`.
    fn order_by_rank(&mut self, ranks: usize) {
        self.keys.reset(ranks);
        self.arrival_of_key.resize(ranks, 0);
        for (key, arrival) in self.order.iter().copied().map(unpacked) {
            self.keys.insert(key);
            self.arrival_of_key[key as usize] = arrival;
        }
        self.nearest_first.clear();
        self.nearest_first.extend(self.keys.iter().map(|key| {
            let arrival = self.arrival_of_key[key as usize];
            Visit {
                id: self.ids[arrival as usize],
                key,
                arrival,
            }
        }));
    }

    /// Replays the pops: the steps of a search that counts the rows that `counts` holds for. Returns the effort
    /// above which the order of equal rows may decide.
    fn steps_over<S: QueryScorer>(
        &self,
        scorer: S,
        counts: impl Fn(u32) -> bool,
        seen: &mut RankedBitSet,
        (steps, tied): (&mut Vec<Step>, &mut Vec<[u32; 2]>),
    ) -> u32 {
        let mut decided_above = u32::MAX;
        steps.clear();
        tied.clear();
        // The rank of the end is asked for, too.
        seen.reset(self.ids.len() + 1);
        let (mut arrived, mut highest) = (0, 0);
        for (expanded, pop) in (0..).zip(&self.pops) {
            while arrived < pop.seen {
                let id = self.ids[arrived as usize];
                // A skipped row is no nearer than any row popped later.
                if id != ID_NOT_RECORDED && counts(id) {
                    seen.insert(self.place_by_arrival[arrived as usize]);
                }
                arrived += 1;
            }
            let place = self.nearer_than(scorer, *pop) as u32;
            let together = self.at_distance_of(scorer, *pop, place);
            if together > 1 {
                let [before, end] = [place, place + together].map(|place| seen.rank(place) as u32);
                if end - before > 1 {
                    decided_above = decided_above.min(highest.max(before));
                }
                match tied.last_mut() {
                    Some(last) if overlap(last, &[before, end]) => {
                        *last = [before.min(last[0]), end.max(last[1])];
                    }
                    _ if end - before > 1 => tied.push([before, end]),
                    _ => {}
                }
            }
            // Its rank is no more than its place.
            if place > highest {
                let rank = seen.rank(place) as u32;
                if rank > highest {
                    highest = rank;
                    let seen = pop.seen;
                    steps.push(Step {
                        rank,
                        seen,
                        expanded,
                    });
                }
            }
        }
        join(tied);
        decided_above
    }

    /// Adds the ties of segments, and the effort above which they may decide in some of them.
    pub(super) fn tie(&mut self, tied: &[[u32; 2]], decided_above: u32) {
        self.tied.extend_from_slice(tied);
        join(&mut self.tied);
        self.decided_above = decided_above;
    }

    /// Makes of the trace that of an engine which counts the rows that `counts` holds for, and stops at
    /// the first pop with `ef` of them strictly nearer; false where the trace ends before.
    ///
    /// Such an engine expands every row, so the order of pops is the same. A trace of effort e ends
    /// where e rows of any kind are nearer, unless no row is left: then it has visited e at most.
    pub(super) fn count_only(
        &mut self,
        ef: usize,
        scorer: impl QueryScorer,
        counts: impl Fn(u32) -> bool,
    ) -> bool {
        let is_whole = self.ids.len() <= self.ef;
        let (mut seen, mut steps) = (take(&mut self.seen), take(&mut self.steps));
        let mut tied = take(&mut self.tied);
        self.decided_above = self.steps_over(scorer, counts, &mut seen, (&mut steps, &mut tied));
        (self.seen, self.steps, self.tied) = (seen, steps, tied);
        let stop = step_at(&self.steps, ef);
        if let Some(visited) = stop {
            self.cut(visited as u32);
        }
        self.ef = ef;
        stop.is_some() || is_whole
    }

    /// Leaves the first `visited` rows.
    fn cut(&mut self, visited: u32) {
        self.ids.truncate(visited as usize);
        self.order.retain(|&packed| unpacked(packed).1 < visited);
        self.nearest_first.retain(|visit| visit.arrival < visited);
        self.pops.retain(|pop| pop.seen < visited);
    }

    /// The visits, early and late, that count as nearer than a popped row.
    fn nearer_than(&self, scorer: impl QueryScorer, pop: Pop) -> usize {
        if scorer.ties_go_by_id() {
            let of = |visit: &Visit| (visit.key, visit.id) < (pop.key, pop.id);
            return self.nearest_first.partition_point(of);
        }
        let nearer = scorer.first_of_tie(pop.key);
        if scorer.ranks().is_some() {
            return self.keys.rank(nearer);
        }
        self.nearest_first
            .partition_point(|visit| visit.key < nearer)
    }

    /// How many visits, early and late, have the distance of a popped row; the first of them stands at
    /// `place`.
    fn at_distance_of(&self, scorer: impl QueryScorer, pop: Pop, place: u32) -> u32 {
        if scorer.ties_go_by_id() {
            return 1;
        }
        let first = scorer.first_of_tie(pop.key);
        let is_tied = |visit: &Visit| scorer.first_of_tie(visit.key) <= first;
        let from = &self.nearest_first[place as usize..];
        match from.get(1) {
            Some(next) if is_tied(next) => from.partition_point(is_tied) as u32,
            _ => 1,
        }
    }

    /// The effort of the recorded traversal: no larger ef can be asked.
    pub fn ef(&self) -> usize {
        self.ef
    }

    /// Every visited row that was not skipped, ascending by (key, id).
    pub fn nearest_first(&self) -> &[Visit] {
        &self.nearest_first
    }

    /// The rows whose links were followed, in order: the arrival of each, and how many rows had been
    /// visited before its links were.
    pub fn expansions(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.pops.iter().filter_map(|pop| {
            let of = |visit: &Visit| (visit.key, visit.id);
            let place = self
                .nearest_first
                .binary_search_by_key(&(pop.key, pop.id), of);
            place
                .ok()
                .map(|place| (self.nearest_first[place].arrival, pop.seen))
        })
    }

    /// The rows whose links a search of effort `ef` follows, in their order; none where groups were
    /// scanned or traces merged.
    pub fn expanded(&self, ef: usize) -> impl Iterator<Item = u32> + '_ {
        let step = self.steps.partition_point(|step| (step.rank as usize) < ef);
        let step = self.steps.get(step);
        let count = step.map_or(self.pops.len(), |step| step.expanded as usize);
        self.pops[..count].iter().map(|pop| pop.id)
    }

    /// V(ef): how many rows a search of effort `ef` visits on layer 0.
    ///
    /// # Panics
    /// If `ef` exceeds the recorded effort.
    pub fn visited(&self, ef: usize) -> usize {
        assert!(
            ef <= self.ef,
            "ef {ef} of a traversal recorded to ef {}",
            self.ef
        );
        step_at(&self.steps, ef).unwrap_or(self.ids.len())
    }

    /// V(ef) as a step function: each ef from which on it is larger, and its value there; from ef 1.
    pub fn visited_from(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let after = self.steps.iter().map(|step| step.rank as usize + 1);
        let values = self.steps.iter().map(|step| step.seen as usize);
        once(1).chain(after).zip(values.chain(once(self.ids.len())))
    }

    /// V(ef) for each of `efs`, which ascend.
    ///
    /// # Panics
    /// If the last of `efs` exceeds the recorded effort.
    pub fn visited_at_each<'e>(&'e self, efs: &'e [usize]) -> impl Iterator<Item = usize> + 'e {
        let last = efs.last().copied().unwrap_or(0);
        assert!(
            last <= self.ef,
            "ef {last} of a traversal recorded to ef {}",
            self.ef
        );
        let mut step = 0;
        efs.iter().map(move |&ef| {
            while self
                .steps
                .get(step)
                .is_some_and(|step| (step.rank as usize) < ef)
            {
                step += 1;
            }
            self.steps
                .get(step)
                .map_or(self.ids.len(), |step| step.seen as usize)
        })
    }

    /// The smallest ef whose search visits the row that arrived after `arrival` others.
    pub fn required_ef(&self, arrival: u32) -> usize {
        step_before(&self.steps, arrival)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distance::{DistanceComputer, VectorDistances};
    use annatomy_vectors::{Matrix, Metric};

    #[test]
    fn ties_stand_by_id_whenever_they_arrived() {
        let rows = Matrix::new(1, 1, vec![0.0]).expect("shape");
        let mut visits = Visits::default();
        visits.begin(4, usize::MAX);
        for (key, id) in [(5, 7), (5, 3), (4, 9), (5, 5)] {
            visits.on_evaluated(Scored { key, id });
        }
        visits.finish(VectorDistances::new(rows.view(), Metric::L2).scorer(0));
        let found: Vec<_> = visits
            .nearest_first()
            .iter()
            .map(|visit| (visit.key, visit.id, visit.arrival))
            .collect();
        assert_eq!(found, [(4, 9, 2), (5, 3, 1), (5, 5, 3), (5, 7, 0)]);
    }

    #[test]
    fn a_queue_that_ends_among_equal_rows_is_tied_at_its_effort() {
        let rows = Matrix::new(1, 1, vec![0.0]).expect("shape");
        // One nearer row, and as many equal ones as fill a block of the bit set of places.
        for equal in [1_023, 2_047] {
            let mut visits = Visits::default();
            visits.begin(4_000, usize::MAX);
            visits.on_evaluated(Scored { key: 4, id: 0 });
            (1..=equal).for_each(|id| visits.on_evaluated(Scored { key: 5, id }));
            visits.on_expanded(Scored { key: 5, id: 9 });
            visits.finish(VectorDistances::new(rows.view(), Metric::L2).scorer(0));
            assert_eq!(visits.tied(), [[1, equal + 1]]);
            let counts = visits.counts();
            let efs = [1, 2, equal as usize, equal as usize + 1];
            assert_eq!(efs.map(|ef| counts.is_tied(ef)), [false, true, true, false]);
        }
    }

    #[test]
    fn first_ids_end_where_a_row_was_skipped() {
        let mut visits = Visits::default();
        visits.begin(4, usize::MAX);
        let evaluated = |visits: &mut Visits, id| visits.on_evaluated(Scored { key: 5, id });
        for id in [7, 3, 9] {
            evaluated(&mut visits, id);
        }
        assert_eq!(visits.first_ids(2), [7, 3]);
        visits.on_skipped(2);
        evaluated(&mut visits, 5);
        assert_eq!(visits.first_ids(10), [7, 3, 9]);
        assert_eq!(visits.counts().visited(4), 6);
    }
}

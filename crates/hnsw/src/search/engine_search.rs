//! A search of one effort with the queue of the engine that saved the graph: its own ids, also where
//! distances are equal.
//!
//! Enters: a graph, the scorer of a query in the engine's arithmetic, a [`QueueRule`], a [`Beam`]. Leaves:
//! the answer in the engine's order, and the visits if they are asked for.
//!
//! greedy descent through the upper layers         the first of equal rows stays, as in the engines
//!   pop the row that the engine's queue expands
//!     score its unseen links, offer each            in the order of the links
//!
//! A trace answers the same at every effort, but for ties ([`VisitCounts::is_tied`]); this search answers one
//! effort. Of segments each is searched on its own, and equal rows stand in the order of the segments. Cost:
//! that of the engine's search.
//!
//! [`VisitCounts::is_tied`]: super::VisitCounts::is_tied

use super::beam::{DescentScratch, descend};
use super::record::{NoopRecord, SearchRecord};
use super::trace::Visits;
use crate::graph::Links;
use crate::queue::{
    Beam, DISTANCES, EngineQueue, FaissQueue, FaissUnbounded, HnswlibQueue, QueryScorer, QueueRule,
    RowLinks, SIMILARITIES, Scored, Unseen, UsearchQueue,
};

/// Reusable state.
#[derive(Debug, Default)]
pub struct EngineSearch {
    walk: Walk,
    hnswlib: HnswlibQueue,
    faiss: FaissQueue<DISTANCES>,
    faiss_similarity: FaissQueue<SIMILARITIES>,
    faiss_unbounded: FaissUnbounded<DISTANCES>,
    faiss_similarity_unbounded: FaissUnbounded<SIMILARITIES>,
    usearch: UsearchQueue,
}

/// What a search needs besides its queue.
#[derive(Debug, Default)]
struct Walk {
    scratch: DescentScratch,
    unseen: Unseen,
    keys: Vec<u32>,
}

impl EngineSearch {
    /// The answer to `beam`, in the engine's order; of segments the answers of all, merged.
    pub fn answer<S: QueryScorer>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        (rule, beam): (QueueRule, Beam),
        out: &mut Vec<Scored>,
    ) {
        self.search(
            graph,
            scorer,
            (rule, beam),
            (&|_| true, &mut NoopRecord),
            out,
        );
    }

    /// The same of the rows that `is_allowed` holds for. Other rows are expanded and not returned, as in the
    /// engine. `visits` becomes the record of this search alone: at every effort it has all its rows.
    pub fn record<S: QueryScorer>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        (rule, beam): (QueueRule, Beam),
        (is_allowed, visits): (impl Fn(u32) -> bool, &mut Visits),
        out: &mut Vec<Scored>,
    ) {
        visits.begin(beam.ef, usize::MAX);
        self.search(graph, scorer, (rule, beam), (&is_allowed, visits), out);
        visits.order(scorer);
    }

    fn search<S: QueryScorer>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        (rule, beam): (QueueRule, Beam),
        (is_allowed, record): (&impl Fn(u32) -> bool, &mut impl SearchRecord),
        out: &mut Vec<Scored>,
    ) {
        out.clear();
        for entry_point in graph.entry_points() {
            let walk = &mut self.walk;
            let entry = descend(graph, scorer, entry_point, 0, &mut walk.scratch);
            let from = (entry, beam);
            let rest = (is_allowed, &mut *record);
            let run = |queue: &mut dyn EngineQueue| walk.run(graph, scorer, from, queue, rest, out);
            match rule {
                QueueRule::Hnswlib => run(&mut self.hnswlib),
                QueueRule::Faiss => run(&mut self.faiss),
                QueueRule::FaissSimilarity => run(&mut self.faiss_similarity),
                QueueRule::FaissUnbounded => run(&mut self.faiss_unbounded),
                QueueRule::FaissSimilarityUnbounded => run(&mut self.faiss_similarity_unbounded),
                QueueRule::Usearch => run(&mut self.usearch),
            }
        }
        if !graph.more_entry_points().is_empty() {
            out.sort_by_key(|row| row.key);
        }
    }
}

impl Walk {
    /// Best-first search of layer 0 from `entry`.
    fn run<S: QueryScorer>(
        &mut self,
        graph: &impl Links,
        scorer: S,
        (entry, beam): (Scored, Beam),
        queue: &mut dyn EngineQueue,
        (is_allowed, record): (&impl Fn(u32) -> bool, &mut impl SearchRecord),
        out: &mut Vec<Scored>,
    ) {
        queue.begin(beam);
        self.unseen.reset(graph.nodes());
        self.unseen.mark(entry.id);
        record.on_evaluated(entry);
        offer(queue, entry, is_allowed);
        while let Some(popped) = queue.pop() {
            record.on_expanded(popped);
            let (row, links) = (popped.id, graph.links(popped.id, 0));
            self.unseen.expand(RowLinks { row, links }, None);
            let ids = self.unseen.now();
            for &id in ids {
                scorer.prefetch(id);
            }
            self.keys.clear();
            scorer.keys(ids, &mut self.keys);
            for (&key, &id) in self.keys.iter().zip(ids) {
                let row = Scored { key, id };
                record.on_evaluated(row);
                offer(queue, row, is_allowed);
            }
        }
        queue.take_answer(out);
    }
}

fn offer(queue: &mut dyn EngineQueue, row: Scored, is_allowed: &impl Fn(u32) -> bool) {
    if is_allowed(row.id) {
        queue.offer(row);
    } else {
        queue.offer_unreturned(row);
    }
}

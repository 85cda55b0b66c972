//! HNSW search: greedy descent through the upper layers, then best-first (beam) search on one
//! layer; written once for building, plain search and recorded traversal.
//!
//! pop the nearest unexpanded row                  the queue decides when to stop
//! prefetch the links of the two that come next    they are mostly the next pops
//! reject unseen links by their SQ8 lower bound    where there are codes
//! score the survivors                             each is reported to the record
//!   prefetch rows of the next links meanwhile     memory has work until the next pop

use super::record::SearchRecord;
use crate::graph::Links;
use crate::queue::{CandidateQueue, QueryScorer, RowLinks, Scored};
use annatomy_vectors::kernels;

/// Best-first search of one layer from `entry`; the queue must have been reset.
#[inline]
pub(crate) fn search_layer<S: QueryScorer>(
    graph: &impl Links,
    scorer: S,
    level: usize,
    entry: Scored,
    queue: &mut impl CandidateQueue,
    record: &mut impl SearchRecord,
) {
    queue.push(scorer, entry);
    record.on_evaluated(entry);
    while let Some(popped) = queue.pop(scorer) {
        record.on_expanded(popped);
        let of_row = |row| RowLinks {
            row,
            links: graph.links(row, level),
        };
        let [next, second] = queue.upcoming();
        let likely_next = next.map(of_row);
        if let Some(next) = likely_next {
            kernels::prefetch_whole(next.links);
        }
        if let Some(second) = second {
            graph.prefetch_links(second, level);
        }
        let (expanded, coverage) = (of_row(popped.id), record.coverage());
        let skipped = queue.evaluate(scorer, expanded, likely_next, coverage, |scored| {
            graph.prefetch_place(scored.id, level);
            record.on_evaluated(scored);
        });
        record.on_skipped(skipped);
    }
}

/// Scratch of a greedy descent.
#[derive(Debug, Default)]
pub(crate) struct DescentScratch {
    ids: Vec<u32>,
    keys: Vec<u32>,
    /// Distances evaluated by the last descent, but for that of the row that it ends on.
    pub(super) evaluated: usize,
}

/// Greedy descent through the layers above `level`; the row it ends on.
pub(crate) fn descend<S: QueryScorer>(
    graph: &impl Links,
    scorer: S,
    entry_point: u32,
    level: usize,
    DescentScratch {
        ids,
        keys,
        evaluated,
    }: &mut DescentScratch,
) -> Scored {
    *evaluated = 0;
    let mut nearest = Scored {
        key: scorer.key(entry_point),
        id: entry_point,
    };
    for layer in (level + 1..=graph.level(entry_point)).rev() {
        loop {
            let before = nearest;
            let links = graph.links(before.id, layer);
            ids.clear();
            if let Some(filter) = scorer.lower_bound_filter(before.key) {
                for &id in links {
                    scorer.prefetch_codes(id);
                }
                for &id in links {
                    if scorer.may_be_closer(id, filter) {
                        ids.push(id);
                    }
                }
            } else {
                ids.extend(links);
            }
            keys.clear();
            scorer.keys(ids, keys);
            *evaluated += ids.len();
            for (&key, &id) in keys.iter().zip(&*ids) {
                if key < nearest.key {
                    nearest = Scored { key, id };
                }
            }
            if nearest == before {
                break;
            }
        }
    }
    nearest
}

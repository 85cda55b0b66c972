//! Distances of codes from a query, on the instructions available.

use crate::arithmetic::{add_tables, fill_table, integers, scalar_codes, squared_norm};
use crate::codes::ProductQuantizer;
use crate::kept::{CodeQuery, Kept};
use annatomy_hnsw::import::Engine;
use annatomy_hnsw::import::diskann_file::diskann_distance;
use annatomy_hnsw::import::faiss_file::{Batch, Level, dot, squared_l2};
use annatomy_hnsw::import::usearch_file::usearch_distance;
use annatomy_hnsw::{HeapQueue, QueryScorer, QueueRule};
use annatomy_vectors::{Metric, order_key};
use pulp::{Arch, WithSimd};

/// Rows that FAISS evaluates at once in a graph.
const BATCH: usize = 4;

/// Distances of codes from one query.
#[derive(Clone, Copy)]
pub(crate) struct CodeScorer<'s> {
    pub(crate) kept: &'s Kept<'s>,
    pub(crate) level: Level,
    pub(crate) metric: Metric,
    pub(crate) query: &'s CodeQuery,
    pub(crate) arch: Arch,
}

impl CodeScorer<'_> {
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "runs inside a dispatch, whose instructions only inlined code gets"
    )]
    fn evaluate(&self, id: u32, batch: Batch) -> u32 {
        let (level, metric, id) = (self.level, self.metric, id as usize);
        let x = &self.query.vector;
        let distance = match self.kept {
            Kept::Flat(rows) if metric == Metric::L2 => squared_l2(x, rows.row(id), level, batch),
            Kept::Flat(rows) => dot(x, rows.row(id), level, batch),
            Kept::Scalar { rows, lanes } => scalar_codes(metric, x, rows.row(id), *lanes),
            Kept::Integers { rows, .. } => integers(metric, x, rows.row(id)),
            Kept::Uniform { rows, lanes, .. } if batch == Batch::Four => {
                scalar_codes(metric, x, rows.row(id), *lanes)
            }
            Kept::Uniform { shares, lanes, .. } => {
                let adjusted = &self.query.adjusted;
                let sum = scalar_codes(metric, adjusted, shares.row(id), *lanes);
                self.query.scale.mul_add(sum, self.query.bias)
            }
            Kept::Usearch {
                rows,
                scalar,
                level,
                metric,
            } => return order_key(usearch_distance(*scalar, *metric, x, rows.row(id), *level)),
            Kept::DiskAnn {
                rows,
                scalar,
                metric,
            } => return order_key(diskann_distance(*scalar, *metric, x, rows.row(id))),
            Kept::Product { quantizer, numbers } => {
                numbers.sum(quantizer, &self.query.table, id, level)
            }
        };
        let distance = self.query.offset + distance;
        order_key(if metric == Metric::L2 {
            distance
        } else {
            -distance
        })
    }
}

impl QueryScorer for CodeScorer<'_> {
    type Queue = HeapQueue;

    fn ties_go_by_id(self) -> bool {
        matches!(self.kept, Kept::DiskAnn { .. })
    }

    fn queue_rule(self) -> Option<QueueRule> {
        let engine = match self.kept {
            Kept::DiskAnn { .. } => Engine::DiskAnn,
            Kept::Usearch { .. } => Engine::Usearch,
            _ => Engine::Faiss,
        };
        engine.queue_rule(self.metric)
    }

    fn key(self, id: u32) -> u32 {
        self.arch.dispatch(Key(self, id))
    }

    fn keys(self, ids: &[u32], out: &mut Vec<u32>) {
        self.arch.dispatch(Keys {
            scorer: self,
            ids,
            out,
        });
    }
}

struct Key<'s>(CodeScorer<'s>, u32);

struct Keys<'k, 's> {
    scorer: CodeScorer<'s>,
    ids: &'k [u32],
    out: &'k mut Vec<u32>,
}

/// Puts the keys of the codes from `first` on into `keys`.
pub(crate) struct Scan<'k, 's> {
    pub(crate) scorer: CodeScorer<'s>,
    pub(crate) first: usize,
    pub(crate) keys: &'k mut [u32],
}

pub(crate) struct Dot<'k>(pub(crate) &'k [f32], pub(crate) &'k [f32], pub(crate) Level);

pub(crate) struct Norm<'k>(pub(crate) &'k [f32], pub(crate) Level);

pub(crate) struct FillTable<'k> {
    pub(crate) metric: Metric,
    pub(crate) quantizer: &'k ProductQuantizer,
    pub(crate) x: &'k [f32],
    pub(crate) level: Level,
    pub(crate) table: &'k mut Vec<f32>,
}

pub(crate) struct AddTables<'k> {
    pub(crate) cell: &'k [f32],
    pub(crate) query: &'k [f32],
    pub(crate) level: Level,
    pub(crate) table: &'k mut Vec<f32>,
}

/// Implements a piece of work that runs on the instructions available.
macro_rules! on_instructions {
    ($work:ty, $output:ty, $self:ident => $body:expr) => {
        impl WithSimd for $work {
            type Output = $output;

            #[inline(always)]
            fn with_simd<S: pulp::Simd>($self, _simd: S) -> $output {
                $body
            }
        }
    };
}

on_instructions!(Key<'_>, u32, self => self.0.evaluate(self.1, Batch::One));
on_instructions!(Keys<'_, '_>, (), self => {
    let (batches, rest) = self.ids.as_chunks::<BATCH>();
    for &id in batches.as_flattened() {
        self.out.push(self.scorer.evaluate(id, Batch::Four));
    }
    for &id in rest {
        self.out.push(self.scorer.evaluate(id, Batch::One));
    }
});
on_instructions!(Scan<'_, '_>, (), self => {
    for (key, place) in self.keys.iter_mut().zip(self.first as u32..) {
        *key = self.scorer.evaluate(place, Batch::One);
    }
});
on_instructions!(Dot<'_>, f32, self => dot(self.0, self.1, self.2, Batch::One));
on_instructions!(Norm<'_>, f32, self => squared_norm(self.0, self.1));
on_instructions!(FillTable<'_>, (), self => {
    fill_table(self.metric, self.quantizer, self.x, self.level, self.table);
});
on_instructions!(AddTables<'_>, (), self => {
    add_tables(self.cell, self.query, self.level, self.table);
});

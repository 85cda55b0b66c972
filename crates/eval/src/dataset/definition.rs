//! The data set: what is searched in, what is searched for, and under which metric.

use super::{Base, QueryRows};
use crate::allowed::Filter;
use annatomy_formats::{EMPTY_SLOT, RowId, RowIds, SlotIds};
use annatomy_knn::Queries;
use annatomy_vectors::{Metric, kernels};
use std::sync::Arc;

/// Base rows, queries and metric of an evaluation. Under cosine all rows have unit length.
#[derive(Debug)]
pub struct Dataset<'d> {
    /// What a report calls it.
    pub name: String,
    /// The rows that are searched in, n × d.
    pub base: Base<'d>,
    /// The queries that are measured, q × d.
    pub queries: QueryRows<'d>,
    /// How distance is taken.
    pub metric: Metric,
    /// The primary key of each base row, n ids; `None` where that is the row's number.
    pub ids: Option<Arc<RowIds>>,
    /// The rows that queries may be answered with, by place of the query; `None`: all.
    pub filter: Option<Filter>,
}

impl Dataset<'_> {
    /// Most neighbors that every query can have: all base rows that are allowed but the query itself.
    pub fn available(&self) -> usize {
        let Some(filter) = &self.filter else {
            return self.base.rows() - usize::from(self.queries.are_base_rows());
        };
        let allowed = &filter.allowed;
        let of_query = |query: usize| {
            let own = self.queries.own_id(query);
            let holds_own = own.is_some_and(|own| allowed.holds(query, own));
            allowed.count(query) - usize::from(holds_own)
        };
        (0..self.queries.count()).map(of_query).min().unwrap_or(0)
    }

    /// The k an engine is asked for when k neighbors are wanted: one more where it returns the
    /// query itself.
    pub fn asked(&self, k: usize) -> usize {
        k + usize::from(self.queries.are_base_rows())
    }

    /// The queries as an exact search takes them.
    pub fn search_queries(&self) -> Queries<'_> {
        let numbers = &self.queries.numbers;
        match (self.queries.held_out_rows(), &self.base) {
            (Some(rows), _) => Queries::HeldOut(rows),
            (None, Base::InMemory(base)) if numbers.len() == base.view().rows() => {
                Queries::AllRows(base.view())
            }
            (None, Base::InMemory(base)) => Queries::SomeRows(base.view(), numbers),
            (None, Base::Streamed { drawn, .. }) => Queries::DrawnRows(drawn.view(), numbers),
        }
    }

    /// The vector of query number `query`.
    pub fn query(&self, query: usize) -> &[f32] {
        self.queries.row(&self.base, query)
    }

    /// The distance of base row `id` from query number `query`, summed in float64 and rounded once.
    pub fn distance(&self, query: usize, id: u32) -> f32 {
        let a = self.query(query);
        self.base.with_row(id, |b| match self.metric {
            Metric::L2 => kernels::l2_squared_f64(a, b).sqrt() as f32,
            Metric::Cosine => (1.0 - kernels::dot_f64(a, b)) as f32,
            Metric::InnerProduct => -kernels::dot_f64(a, b) as f32,
        })
    }

    /// The id of base row `row`.
    pub fn id(&self, row: u32) -> RowId {
        let number = RowId::Integer(row.into());
        let ids = self.ids.as_ref();
        ids.map_or(number, |ids| ids.get(row as usize))
    }

    /// What a report calls query number `query`: its id, or its number in the file of queries.
    pub fn query_name(&self, query: usize) -> RowId {
        match self.queries.own_id(query) {
            Some(row) => self.id(row),
            None => RowId::Integer(self.queries.numbers[query] as i64),
        }
    }

    /// [`query_name`](Self::query_name) of every query.
    pub fn query_names(&self) -> RowIds {
        match &self.ids {
            Some(ids) if self.queries.are_base_rows() => ids.select(&self.queries.numbers),
            _ => {
                let numbers = self.queries.numbers.iter();
                RowIds::Integers(numbers.map(|&number| number as i64).collect())
            }
        }
    }

    /// The ids of rows in slots; a negative number is an empty slot.
    pub fn slot_ids(&self, rows: Vec<i64>) -> SlotIds {
        let row = |row: i64| usize::try_from(row).ok();
        match self.ids.as_deref() {
            None => SlotIds::Integers(rows),
            Some(RowIds::Integers(ids)) => {
                let id = |slot| row(slot).map_or(EMPTY_SLOT, |row| ids[row]);
                SlotIds::Integers(rows.into_iter().map(id).collect())
            }
            Some(RowIds::Unsigned(ids)) => {
                let id = |slot| row(slot).map_or(u64::MAX, |row| ids[row]);
                SlotIds::Unsigned(rows.into_iter().map(id).collect())
            }
            Some(RowIds::Texts(ids)) => {
                let id = |slot| row(slot).map(|row| ids[row].clone());
                SlotIds::Texts(rows.into_iter().map(id).collect())
            }
        }
    }
}

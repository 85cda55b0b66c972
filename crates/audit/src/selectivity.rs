//! The audit again under filters of several selectivities: rows drawn at random, and the rows nearest to
//! one of them, as where a filter is correlated with the vectors.
//!
//! Enters: the graphs, the queries, and shares of the rows. Leaves: a [`SelectivityResult`] per kind of
//! filter and share: every measure at the efforts looked at, and the advised ef, among the allowed rows
//! under the engine's filter rule. Cost: per filter the exact neighbors among its rows, and the
//! traversals of an audit; where the engine counts allowed rows alone, each goes about 1/share times as
//! far.
//!
//! Random rows are those of `numpy.random.default_rng(seed).choice(n, m, replace=False)`; the row of
//! the other kind is `choice(n, 1)`. All queries have the same filter.

use super::advice::Adviser;
use super::cells::Cell;
use super::error::AuditError;
use super::exact;
use super::graph_cells::cells;
use super::request::AuditRequest;
use super::results::{Advice, CellResult, FilterKind, SelectivityResult};
use annatomy_eval::allowed::{Allowed, Filter};
use annatomy_eval::dataset::{Base, Dataset, QueryRows};
use annatomy_eval::distance_source::DistanceSource;
use annatomy_hnsw::FilterRule;
use annatomy_runtime::stage;
use annatomy_vectors::subset::numpy_choice;
use annatomy_vectors::{MatrixView, Rows};

/// Refuses what has no graph to search under a filter.
pub(super) fn check_graphs(request: &AuditRequest, on_graphs: bool) -> Result<(), AuditError> {
    if on_graphs || request.selectivities.is_empty() {
        return Ok(());
    }
    let words = "selectivity is of a graph: answers given were made under a filter of their own, which `allowed` names";
    Err(AuditError::Request(words.to_owned()))
}

/// Every filter; `asked` are the cells looked at without one, `advice` what was advised.
pub(super) fn selectivity<S: DistanceSource>(
    request: &AuditRequest,
    on: &Adviser<'_, S>,
    asked: &[(String, Cell)],
    advice: &[Advice],
    rule: FilterRule,
) -> Result<Vec<SelectivityResult>, AuditError> {
    let mut results = Vec::new();
    if request.selectivities.is_empty() {
        return Ok(results);
    }
    let base = on
        .data
        .base
        .in_memory()
        .expect("graphs are over rows in memory");
    let advised = advised(on, advice);
    let asked = if asked.is_empty() { &advised } else { asked };
    for kind in FilterKind::ALL {
        let order = rows_in_order(kind, request.seed, on.data, base)?;
        for &share in &request.selectivities {
            stage("selectivity", 0);
            let allowed = order.first(share, request.seed)?;
            let filter = Filter {
                allowed: Allowed::new(base.rows(), on.data.queries.count(), &[&allowed])
                    .expect("rows of the base"),
                rule,
            };
            let data = under(on.data, base, filter);
            let (efforts, advice) = audited(request, on, &data, asked)?;
            results.push(SelectivityResult {
                kind,
                share,
                allowed: allowed.len(),
                rule: rule.to_string(),
                efforts,
                advice,
            });
        }
    }
    Ok(results)
}

/// The graph's engine at what it was advised without a filter.
fn advised<S: DistanceSource>(on: &Adviser<'_, S>, advice: &[Advice]) -> Vec<(String, Cell)> {
    let mut cells: Vec<(String, Cell)> = Vec::new();
    for advice in advice {
        let recommended = advice.recommended.as_ref().map(|found| found.ef);
        let ef = recommended.or(advice.ef).unwrap_or(advice.largest_ef);
        let class = on.graphs.class;
        let k = advice.k;
        let cell = (format!("ef {ef}"), Cell { class, ef, k });
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    }
    cells
}

fn audited<S: DistanceSource>(
    request: &AuditRequest,
    on: &Adviser<'_, S>,
    data: &Dataset<'_>,
    asked: &[(String, Cell)],
) -> Result<(Vec<CellResult>, Vec<Advice>), AuditError> {
    let available = data.available();
    let ks: Vec<usize> = on.ks.iter().copied().filter(|&k| k <= available).collect();
    let Some(&deepest) = ks.iter().max() else {
        return Ok(Default::default());
    };
    let truth = exact::neighbors(data, deepest, request.memory_budget_bytes)?;
    let mut adviser = Adviser::new(on.source, data, &truth, on.graphs, &ks);
    let advice = adviser.advise(&request.targets)?;
    let asked: Vec<(String, Cell)> = asked
        .iter()
        .filter(|(_, cell)| cell.k <= available)
        .cloned()
        .collect();
    let efforts = cells(&adviser, &asked, None);
    Ok((efforts, advice))
}

/// The same data under a filter.
fn under<'d>(data: &'d Dataset<'_>, base: MatrixView<'d>, filter: Filter) -> Dataset<'d> {
    let (numbers, population) = (data.queries.numbers.clone(), data.queries.population);
    Dataset {
        name: data.name.clone(),
        base: Base::InMemory(Rows::Lent(base)),
        queries: match data.queries.held_out_rows() {
            Some(rows) => QueryRows::held_out(Rows::Lent(rows), numbers, population),
            None => QueryRows::base_rows(numbers, population),
        },
        metric: data.metric,
        ids: data.ids.clone(),
        filter: Some(filter),
    }
}

/// The rows that a filter may let through, and which of them come first.
enum RowsInOrder {
    /// Drawn for each share.
    Drawn(Vec<u32>),
    /// Nearest first.
    Nearest(Vec<u32>),
}

/// All rows but those that are deleted.
fn rows_in_order(
    kind: FilterKind,
    seed: u64,
    data: &Dataset<'_>,
    base: MatrixView<'_>,
) -> Result<RowsInOrder, AuditError> {
    let mut rows: Vec<u32> = match &data.filter {
        Some(filter) => filter.allowed.of(0).collect(),
        None => (0..base.rows() as u32).collect(),
    };
    if kind == FilterKind::Random || rows.is_empty() {
        return Ok(RowsInOrder::Drawn(rows));
    }
    let center = rows[numpy_choice(seed, rows.len(), 1)?[0]];
    let center = base.row(center as usize);
    let distance = |row: u32| {
        data.metric
            .reduced_distance_f64(center, base.row(row as usize))
    };
    let distances: Vec<f64> = (0..base.rows() as u32).map(distance).collect();
    let key = |row: &u32| distances[*row as usize];
    rows.sort_by(|a, b| key(a).total_cmp(&key(b)).then(a.cmp(b)));
    Ok(RowsInOrder::Nearest(rows))
}

impl RowsInOrder {
    /// As many rows as `share` of them, at least one, ascending.
    fn first(&self, share: f64, seed: u64) -> Result<Vec<u32>, AuditError> {
        let (Self::Drawn(rows) | Self::Nearest(rows)) = self;
        let count = ((share * rows.len() as f64).round() as usize).clamp(1, rows.len().max(1));
        let mut first: Vec<u32> = match self {
            Self::Nearest(rows) => rows.iter().copied().take(count).collect(),
            Self::Drawn(rows) => {
                let places = numpy_choice(seed, rows.len(), count.min(rows.len()))?;
                places.into_iter().map(|place| rows[place]).collect()
            }
        };
        first.sort_unstable();
        Ok(first)
    }
}

//! Segments of one collection: saved indexes over parts of the base, each searched at the same ef, their
//! answers merged; and one graph over all rows, to compare what both return and cost.
//!
//! Enters: the graph that joins the segments, an entry point for each. Leaves: [`SegmentsResult`]. Cost
//! of the one graph: its build, and the traversals of an audit.

use super::advice::Adviser;
use super::cells::Cell;
use super::error::AuditError;
use super::graph_cells::cells;
use super::graphs;
use super::request::AuditRequest;
use super::results::{Advice, CellResult, OneGraph, SegmentFacts, SegmentsAt, SegmentsResult};
use annatomy_eval::distance_source::DistanceSource;
use annatomy_eval::index::Index;
use annatomy_runtime::{check_memory, stage};

/// Refuses a comparison with one graph where there are no segments.
pub(super) fn check(request: &AuditRequest, index: Option<&Index>) -> Result<(), AuditError> {
    let is_one = index.is_none_or(|index| index.facts.segments.len() <= 1);
    if request.one_graph && is_one {
        let words = "one graph is compared with segments: several indexes are needed";
        return Err(AuditError::Request(words.to_owned()));
    }
    Ok(())
}

/// What is known of the segments, and how one graph over all rows compares at each of `asked` and for
/// each target; `None` for an index of one segment.
pub(super) fn segments<S: DistanceSource>(
    request: &AuditRequest,
    index: Option<&Index>,
    on: &Adviser<'_, S>,
    asked: &[(String, Cell)],
    advice: &[Advice],
) -> Result<Option<SegmentsResult>, AuditError> {
    let Some(index) = index.filter(|index| index.facts.segments.len() > 1) else {
        return Ok(None);
    };
    let mut start = 0;
    let mut of_segments = Vec::new();
    for &rows in &index.facts.segments {
        let reached = &on.graphs.reachable[0][start..start + rows];
        let unreachable = reached.iter().filter(|reached| !**reached).count();
        of_segments.push(SegmentFacts { rows, unreachable });
        start += rows;
    }
    let advised: Vec<(String, Cell)> = advice
        .iter()
        .filter_map(|advice| {
            let recommended = advice.recommended.as_ref().map(|found| found.ef);
            let ef = recommended.or(advice.ef)?;
            let (k, class) = (advice.k, on.graphs.class);
            Some((format!("ef {ef}"), Cell { class, ef, k }))
        })
        .collect();
    let asked = if asked.is_empty() { &advised } else { asked };
    let one_graph = if request.one_graph {
        Some(one_graph(request, index, on, asked)?)
    } else {
        None
    };
    Ok(Some(SegmentsResult {
        segments: of_segments,
        one_graph,
    }))
}

fn one_graph<S: DistanceSource>(
    request: &AuditRequest,
    index: &Index,
    on: &Adviser<'_, S>,
    asked: &[(String, Cell)],
) -> Result<OneGraph, AuditError> {
    stage("one graph", 0);
    let wanted = graphs::as_of(index, &request.graphs);
    check_memory("one graph", wanted.bytes(on.data.base.rows()))?;
    let graphs = graphs::build(&wanted, request.seed, on.data, on.source.computer())?;
    let mut one = Adviser::new(on.source, on.data, on.truth, &graphs, on.ks);
    let advice = one.advise(&request.targets)?;
    let merged = cells(on, asked, None);
    let alone = cells(&one, asked, None);
    let pair = |(segments, one_graph): (CellResult, CellResult)| SegmentsAt {
        k: segments.k,
        ef: segments.ef.unwrap_or(0),
        overlap: segments.overlap,
        fill: segments.fill,
        visited: segments.visited,
        one_overlap: one_graph.overlap,
        one_fill: one_graph.fill,
        one_visited: one_graph.visited,
    };
    Ok(OneGraph {
        source: graphs.facts.source,
        m: wanted.m,
        ef_construction: wanted.ef_construction,
        at: merged.into_iter().zip(alone).map(pair).collect(),
        advice,
    })
}

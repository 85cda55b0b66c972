//! `--until ±w`: a pilot, then as many fresh queries as give every mean overlap an interval of ± w.
//!
//! Enters: a request, and how an audit of a draw of queries is made. Leaves: the audit of the last draw,
//! with what it took, and how many queries other widths would take. The rule and its coverage are
//! [`sample_until`]'s. Cost: an audit of the pilot on one graph, then that of the sample.

use super::choices::Sampling;
use super::error::AuditError;
use super::estimates::population_of;
use super::half_width::Until;
use super::job::AuditOutcome;
use super::per_query::PerQuery;
use super::request::AuditRequest;
use super::results::{QueriesForWidth, UntilResult};
use annatomy_measures::estimate::{Population, Stage, queries_for_half_width, sample_until};
use std::cell::Cell;

/// Half widths for which a report says how many queries they take.
const WIDTHS: [f64; 4] = [0.01, 0.005, 0.002, 0.001];

/// The audit of the last draw. `once` audits the queries that a sampling draws.
pub(super) fn until(
    request: &AuditRequest,
    Until(wanted): Until,
    once: impl Fn(&AuditRequest, Sampling) -> Result<AuditOutcome, AuditError>,
) -> Result<AuditOutcome, AuditError> {
    let is_whole = request.sample.is_some() || request.repair || !request.predictions.is_empty();
    if is_whole {
        return Err(AuditError::Request(
            "until draws as many queries as it needs: no sample, repair or prediction goes with it"
                .to_owned(),
        ));
    }
    let mut pilot = AuditRequest {
        explore: false,
        one_graph: false,
        requirements: Vec::new(),
        ..request.clone()
    };
    pilot.graphs.count = 1;
    let (population, mut last) = (Cell::new(Population::Unlimited), None);
    let draw = |stage: Stage, queries: usize| -> Result<Vec<Vec<f64>>, AuditError> {
        let sampling = Sampling {
            asked: Some(queries),
            at_most: true,
            every_query: false,
            // Draws of their own: the pilot and a first sample leave no trace in the last.
            seed: request.seed.wrapping_add(match stage {
                Stage::Pilot => 0x5851_f42d_4c95_7f2d,
                Stage::Sample => 0,
                Stage::Again => 0x1405_7b7e_f767_814f,
            }),
        };
        let asked = if stage == Stage::Pilot {
            &pilot
        } else {
            request
        };
        let outcome = once(asked, sampling)?;
        population.set(population_of(&outcome.results.data));
        let values = overlaps(&outcome.per_query);
        last = Some(outcome);
        Ok(values.into_iter().map(|(.., values)| values).collect())
    };
    let took = sample_until(wanted, || population.get(), draw)?;
    let mut outcome = last.expect("a sample was drawn");
    let mut widths = Vec::new();
    for (k, ef, values) in overlaps(&outcome.per_query) {
        for half_width in WIDTHS {
            let queries = queries_for_half_width(&values, population.get(), half_width);
            widths.extend(queries.map(|queries| QueriesForWidth {
                k,
                ef,
                half_width,
                queries,
            }));
        }
    }
    outcome.results.until = Some(UntilResult { took, widths });
    Ok(outcome)
}

/// The overlap of every query, per k and effort.
fn overlaps(per_query: &PerQuery) -> Vec<(usize, Option<usize>, Vec<f64>)> {
    let cells = per_query.rows.chunk_by(|a, b| (a.k, a.ef) == (b.k, b.ef));
    let values = |rows: &[super::per_query::QueryRow]| rows.iter().map(|row| row.overlap).collect();
    cells
        .map(|rows| (rows[0].k, rows[0].ef, values(rows)))
        .collect()
}

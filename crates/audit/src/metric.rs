//! Which metric an audit goes by: the one asked for, else what the files say, else L2.

use super::data::{file, open};
use super::error::AuditError;
use super::notes::Note;
use super::request::AuditRequest;
use annatomy_eval::dataset::all_have_unit_length;
use annatomy_formats::BenchmarkRun;
use annatomy_vectors::{MatrixView, Metric};

/// The rows of an index, and its metric if it keeps one.
pub(super) type Kept<'k> = (MatrixView<'k>, Option<Metric>);

/// The metric; what a reader should know of the choice goes to `notes`.
pub(super) fn choose(
    request: &AuditRequest,
    saved: Option<Kept<'_>>,
    notes: &mut Vec<Note>,
) -> Result<Metric, AuditError> {
    let asked = request
        .metric
        .map_or_else(|| metric_in_file(request), |metric| Ok(Some(metric)))?;
    let of_answers = metric_of_answers(request)?;
    let metric = match saved {
        Some(saved) => with_index(asked, saved, notes)?,
        None => asked.or(of_answers).unwrap_or(Metric::L2),
    };
    if let Some(other) = of_answers.filter(|&other| other != metric) {
        notes.push(Note::RunOfOtherMetric {
            run: other.to_string(),
            metric: metric.to_string(),
        });
    }
    Ok(metric)
}

/// The metric that the file of vectors names, as those of ann-benchmarks do.
fn metric_in_file(request: &AuditRequest) -> Result<Option<Metric>, AuditError> {
    let file = request.vectors.as_deref().map(open).transpose()?;
    Ok(file.and_then(|file| file.metric_name().and_then(|name| name.parse().ok())))
}

/// The metric that a file of answers says they were searched under, as results of ann-benchmarks
/// do.
fn metric_of_answers(request: &AuditRequest) -> Result<Option<Metric>, AuditError> {
    let run = request
        .neighbors
        .as_deref()
        .map(|path| BenchmarkRun::read(path).map_err(file(path)))
        .transpose()?;
    Ok(run.flatten().and_then(|run| run.distance?.parse().ok()))
}

/// The metric of an index, if what was asked for can be it.
pub(super) fn with_index(
    asked: Option<Metric>,
    (rows, saved): Kept<'_>,
    notes: &mut Vec<Note>,
) -> Result<Metric, AuditError> {
    let unit = all_have_unit_length(rows);
    match (asked, saved) {
        (None, Some(Metric::InnerProduct)) if unit => {
            notes.push(Note::InnerProductOfUnitRows);
            Ok(Metric::Cosine)
        }
        (None, Some(metric)) => Ok(metric),
        (None, None) if unit => {
            notes.push(Note::UnitRows);
            Ok(Metric::Cosine)
        }
        (None, None) => {
            notes.push(Note::MetricNotSaved);
            Ok(Metric::L2)
        }
        (Some(Metric::Cosine), None | Some(Metric::InnerProduct)) if !unit => Err(AuditError::Request(
            "metric cosine, but the rows in the index are not of unit length: it cannot have been built for it"
                .to_owned(),
        )),
        (Some(Metric::Cosine), Some(Metric::InnerProduct)) => Ok(Metric::Cosine),
        (Some(asked), Some(saved)) if asked != saved => {
            Err(AuditError::Request(format!("metric {asked}, but the index was built for {saved}")))
        }
        (Some(asked), _) => Ok(asked),
    }
}

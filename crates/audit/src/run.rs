//! Runs an audit: opens its inputs once, then decides, then prepares, then measures.

use super::answers;
use super::choices::Sampling;
use super::cost::Cost;
use super::error::AuditError;
use super::given::Given;
use super::job::{AuditOutcome, Job};
use super::load::Opened;
use super::memory;
use super::methods;
use super::metric;
use super::notes::Note;
use super::prepare::Inputs;
use super::request::AuditRequest;
use super::until::until;
use annatomy_runtime::{install, stage};
use std::time::Instant;

/// Audits the files that `request` names. Stages go to the thread's
/// [`Monitor`](annatomy_runtime::Monitor).
///
/// # Errors
/// If a file cannot be read or contradicts another, or more is asked for than the data hold; see
/// [`AuditError`].
pub fn audit(request: &AuditRequest) -> Result<AuditOutcome, AuditError> {
    on_threads(request.threads, || match request.until {
        None => of_files(request, None),
        Some(half) => until(request, half, |request, drawn| {
            of_files(request, Some(drawn))
        }),
    })
}

/// Audits files; the queries are drawn as `drawn` says, or else as the request does.
fn of_files(request: &AuditRequest, drawn: Option<Sampling>) -> Result<AuditOutcome, AuditError> {
    let choices = request.check(drawn)?;
    stage("reading", 0);
    let mut notes = Vec::new();
    let mut opened = Opened::open(request, &mut notes)?;
    if let Some(method) = opened.method.take() {
        return methods::audit_file(request, &choices, opened, &method, notes);
    }
    if let Some(cost) = Cost::of(request, &opened, &choices)? {
        cost.check()?;
    }
    let metric = metric::of_files(request.metric, &opened, &mut notes)?;
    let Inputs {
        mut data,
        index,
        deleted,
        answers,
        ids,
        groups,
    } = Inputs::prepare(opened, metric, &choices)?;
    if deleted > 0 {
        notes.push(Note::DeletedRows { rows: deleted });
    }
    let answers = answers::of_file(answers, ids, &mut data, &mut notes)?;
    Job::new(request, data, index.as_ref(), answers, groups, notes)?.run()
}

/// Audits what is in memory; the files that `request` names are not opened. Stages go to the
/// thread's [`Monitor`](annatomy_runtime::Monitor).
///
/// # Errors
/// If parts of `given` contradict each other, or more is asked for than they hold; see
/// [`AuditError`].
pub fn audit_given(request: &AuditRequest, given: Given<'_>) -> Result<AuditOutcome, AuditError> {
    on_threads(request.threads, || match request.until {
        None => of_memory(request, given, None),
        Some(_) if given.numbers.is_some() => {
            let words =
                "until draws its own queries, and an index that is asked was asked for others";
            Err(AuditError::Request(words.to_owned()))
        }
        Some(half) => until(request, half, |request, drawn| {
            of_memory(request, given.clone(), Some(drawn))
        }),
    })
}

/// Audits what is in memory; the queries are drawn as `drawn` says, or else as the request does.
fn of_memory(
    request: &AuditRequest,
    mut given: Given<'_>,
    drawn: Option<Sampling>,
) -> Result<AuditOutcome, AuditError> {
    let choices = request.check(drawn)?;
    request.check_selectivities(given.allowed.is_some())?;
    stage("reading", 0);
    if let Some(method) = given.method {
        return methods::audit_given(request, &choices, given, method);
    }
    let mut notes = Vec::new();
    let metric = metric::of_given(request.metric, &given, &mut notes)?;
    let (data, groups) = memory::prepare(&mut given, metric, &choices)?;
    let no_graphs = data.base.in_memory().is_none() && !request.predictions.is_empty();
    if no_graphs {
        let words = "predictions are of graphs, which are searched in memory";
        return Err(AuditError::Request(words.to_owned()));
    }
    if !given.deleted.is_empty() {
        let rows = given.deleted.len();
        notes.push(Note::DeletedRows { rows });
    }
    let answers = answers::given(given.answers, &data)?;
    Job::new(request, data, given.index, answers, groups, notes)?
        .with_exact(given.exact)
        .run()
}

/// Runs `job` on a pool of its own, whose threads stop where this one would.
fn on_threads(
    threads: usize,
    job: impl FnOnce() -> Result<AuditOutcome, AuditError> + Send,
) -> Result<AuditOutcome, AuditError> {
    let begin = Instant::now();
    let mut outcome = install(threads, job)??;
    outcome.results.seconds = begin.elapsed().as_secs_f64();
    Ok(outcome)
}

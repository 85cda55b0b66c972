//! Runs an audit: opens its inputs once, then decides, then prepares, then measures.

use super::answers;
use super::choices::Sampling;
use super::cost::Cost;
use super::error::AuditError;
use super::filter::{self, GivenRows};
use super::given::Given;
use super::groups::GivenGroups;
use super::job::{AuditOutcome, Job};
use super::keys::GivenIds;
use super::load::Opened;
use super::memory;
use super::methods;
use super::metric;
use super::notes::Note;
use super::prepare::Inputs;
use super::request::AuditRequest;
use super::segments;
use super::until::until;
use annatomy_eval::allowed::Filter;
use annatomy_eval::dataset::Dataset;
use annatomy_runtime::{install, stage};
use std::time::Instant;

/// Audits the files that `request` names. Stages go to the thread's
/// [`Monitor`](annatomy_runtime::Monitor).
///
/// # Errors
/// If a file cannot be read or contradicts another, or more is asked for than the data hold; see
/// [`AuditError`].
pub fn audit(request: &AuditRequest) -> Result<AuditOutcome, AuditError> {
    on_threads(request.threads, || {
        let groups = request.groups.as_deref().map(GivenGroups::read);
        let groups = groups.transpose()?;
        let mut outcome = match request.until {
            None => of_files(request, groups.as_ref(), None),
            Some(half) => until(request, half, |request, drawn| {
                of_files(request, groups.as_ref(), Some(drawn))
            }),
        }?;
        match groups {
            Some(groups) => groups.find(&mut outcome).map(|()| outcome),
            None => Ok(outcome),
        }
    })
}

/// Audits files; the queries are drawn as `drawn` says, or else as the request does.
fn of_files(
    request: &AuditRequest,
    groups: Option<&GivenGroups>,
    drawn: Option<Sampling>,
) -> Result<AuditOutcome, AuditError> {
    let mut choices = request.check()?;
    choices.sampling = drawn.unwrap_or(choices.sampling);
    stage("reading", 0);
    let mut notes = Vec::new();
    let mut opened = Opened::open(request, &mut notes)?;
    if let Some(method) = opened.method.take() {
        return methods::audit_file(request, &choices, &opened, &method, notes);
    }
    if let Some(cost) = Cost::of(request, &opened, &choices)? {
        cost.check()?;
    }
    let metric = metric::of_files(request.metric, &opened, &mut notes)?;
    let allowed = request
        .allowed
        .as_deref()
        .map(GivenRows::read)
        .transpose()?;
    let Inputs {
        mut data,
        index,
        deleted,
        answers,
        ids,
    } = Inputs::prepare(opened, metric, &choices)?;
    if !deleted.is_empty() {
        let rows = deleted.len();
        notes.push(Note::DeletedRows { rows });
    }
    check_groups(groups, &data)?;
    let given = request.ids.as_deref().map(GivenIds::read).transpose()?;
    if let Some(given) = given {
        given.name(&mut data)?;
    }
    let rule = request.rule(index.as_ref().map(|index| index.facts.class));
    let allowed = filter::allowed(allowed.as_ref(), &deleted, &data)?;
    data.filter = allowed.map(|allowed| Filter { allowed, rule });
    segments::check(request, index.as_ref(), &data)?;
    let answers = answers::of_file(answers, ids, &mut data, &mut notes)?;
    Job::new(request, data, index.as_ref(), answers, notes)?.run()
}

/// Audits what is in memory; the files that `request` names are not opened. Stages go to the
/// thread's [`Monitor`](annatomy_runtime::Monitor).
///
/// # Errors
/// If parts of `given` contradict each other, or more is asked for than they hold; see
/// [`AuditError`].
pub fn audit_given(request: &AuditRequest, given: Given<'_>) -> Result<AuditOutcome, AuditError> {
    on_threads(request.threads, || {
        let groups = given.groups.clone().map(GivenGroups::given);
        let mut outcome = match request.until {
            None => of_memory(request, given, groups.as_ref(), None),
            Some(_) if given.numbers.is_some() => {
                let words =
                    "until draws its own queries, and an index that is asked was asked for others";
                Err(AuditError::Request(words.to_owned()))
            }
            Some(half) => until(request, half, |request, drawn| {
                of_memory(request, given.clone(), groups.as_ref(), Some(drawn))
            }),
        }?;
        match groups {
            Some(groups) => groups.find(&mut outcome).map(|()| outcome),
            None => Ok(outcome),
        }
    })
}

fn check_groups(groups: Option<&GivenGroups>, data: &Dataset<'_>) -> Result<(), AuditError> {
    let (population, are_base_rows) = (data.queries.population, data.queries.are_base_rows());
    groups.map_or(Ok(()), |groups| groups.check(population, are_base_rows))
}

/// Audits what is in memory; the queries are drawn as `drawn` says, or else as the request does.
fn of_memory(
    request: &AuditRequest,
    given: Given<'_>,
    groups: Option<&GivenGroups>,
    drawn: Option<Sampling>,
) -> Result<AuditOutcome, AuditError> {
    let mut choices = request.check()?;
    choices.sampling = drawn.unwrap_or(choices.sampling);
    stage("reading", 0);
    if let Some(method) = given.method {
        return methods::audit_given(request, &choices, given, method);
    }
    let mut notes = Vec::new();
    let metric = metric::of_given(request.metric, &given, &mut notes)?;
    let mut data = memory::prepare(&given, metric, &choices)?;
    check_groups(groups, &data)?;
    if let Some(ids) = given.ids {
        GivenIds::given(ids)?.name(&mut data)?;
    }
    let allowed = given.allowed.map(GivenRows::given);
    let rule = request.rule(given.index.map(|index| index.facts.class));
    let allowed = filter::allowed(allowed.as_ref(), &[], &data)?;
    data.filter = allowed.map(|allowed| Filter { allowed, rule });
    segments::check(request, given.index, &data)?;
    let answers = answers::given(given.answers, &data)?;
    Job::new(request, data, given.index, answers, notes)?.run()
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

//! `annatomy audit`: arguments to a request; the verdict printed, tables and report written.

use super::media;
use crate::arguments::AuditArguments;
use crate::failure::Failure;
use crate::progress::follow;
use crate::say::{print, say};
use annatomy::audit::{
    AuditError, AuditOutcome, AuditRequest, GraphRequest, Growth, RepairedTable, RequirementResult,
    audit,
};
use annatomy::report::{RowMedia, junit, requirement_words, verdict};
use annatomy::results::write_file;
use annatomy::{figures, report};
use annatomy_formats::{
    Owner, WriteError, check_id_table_ending, check_points_ending, check_table_ending,
    file_of_values, refuse_overwriting, write_columns, write_id_table, write_points, write_table,
};
use annatomy_hnsw::BuildError;
use annatomy_hnsw::import::SavedIndexError;
use annatomy_runtime::{printable_message, printable_path};
use std::path::Path;

pub fn run(arguments: &AuditArguments) -> Result<(), Failure> {
    check_outputs(arguments)?;
    let folder = match &arguments.out {
        Some(out) => Some(super::claim(out, Owner::AUDIT)?),
        None => None,
    };
    let request = request(arguments);
    let outcome = follow(|| audit(&request));
    let outcome = outcome.map_err(failure)?;
    write_tables(arguments, &outcome)?;
    let json = serde_json::to_string_pretty(&outcome.results).map_err(Failure::work)?;
    let media = media::of_rows(arguments, &outcome)?;
    if let Some(path) = &arguments.atlas {
        write_atlas(path, &outcome, &media)?;
    }
    if let Some(folder) = &folder {
        let out = folder.path();
        let write = || write_report(out, &outcome, &media, &json);
        super::on_threads(arguments.threads, write)??;
    }
    if let Some(path) = &arguments.junit {
        let xml = junit(&outcome.results.requirements);
        write_file(path, xml.as_bytes()).map_err(Failure::work)?;
    }
    let said = if arguments.json {
        format!("{json}\n")
    } else {
        printable_message(&verdict(&outcome.results)).into_owned()
    };
    print(&said)?;
    gate(&outcome.results.requirements)
}

/// Fails with exit code 3 unless every condition is shown.
fn gate(requirements: &[RequirementResult]) -> Result<(), Failure> {
    let failed: Vec<String> = requirements
        .iter()
        .filter(|result| !result.shown)
        .map(requirement_words)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some() {
        for words in &failed {
            say(format!("::error title=annatomy::{words}"));
        }
    }
    Err(Failure::not_shown(failed.join("\n       ")))
}

/// Refuses outputs that could not be written or would overwrite an input, before anything is read.
fn check_outputs(arguments: &AuditArguments) -> Result<(), Failure> {
    let ids = arguments.ids.as_deref().map(file_of_values);
    let groups = arguments.groups.as_deref().map(file_of_values);
    let labels = arguments.labels.as_deref().map(file_of_values);
    let inputs: Vec<&Path> = [
        &arguments.vectors,
        &arguments.queries,
        &arguments.neighbors,
        &arguments.distances,
        &ids,
        &groups,
        &arguments.allowed,
        &arguments.images,
        &labels,
    ]
    .into_iter()
    .filter_map(Option::as_deref)
    .chain(arguments.index.iter().map(std::path::PathBuf::as_path))
    .collect();
    let distances = arguments
        .repair
        .as_deref()
        .map(RepairedTable::distances_path);
    let mut outputs: Vec<&Path> = arguments
        .predict
        .iter()
        .map(|wanted| wanted.file.as_path())
        .collect();
    outputs.extend(arguments.repair.as_deref());
    for path in &outputs {
        check_id_table_ending(path)
            .map_err(|error| Failure::usage(format!("{}: {error}", printable_path(path))))?;
    }
    outputs.extend(distances.as_deref());
    if let Some(path) = &arguments.per_query {
        check_table_ending(path)
            .map_err(|error| Failure::usage(format!("{}: {error}", printable_path(path))))?;
        outputs.push(path);
    }
    if let Some(path) = &arguments.atlas {
        check_points_ending(path)
            .map_err(|error| Failure::usage(format!("{}: {error}", printable_path(path))))?;
        outputs.push(path);
    }
    outputs.extend(arguments.junit.as_deref());
    refuse_overwriting(&inputs, &outputs).map_err(Failure::usage)
}

fn request(arguments: &AuditArguments) -> AuditRequest {
    AuditRequest {
        vectors: arguments.vectors.clone(),
        queries: arguments.queries.clone(),
        index: arguments.index.first().cloned(),
        segments: arguments.index.iter().skip(1).cloned().collect(),
        one_graph: arguments.one_graph,
        neighbors: arguments.neighbors.clone(),
        distances: arguments.distances.clone(),
        ids: arguments.ids.clone(),
        allowed: arguments.allowed.clone(),
        groups: arguments.groups.clone(),
        filter_rule: arguments.filter_rule,
        selectivities: arguments.selectivity.clone(),
        growth: if arguments.growth {
            Growth::Measured
        } else {
            Growth::LeftOut
        },
        ks: arguments.k.clone(),
        targets: arguments.target.clone(),
        efs: arguments.ef.clone(),
        sample: arguments.sample,
        until: arguments.until,
        seed: arguments.seed,
        metric: arguments.metric,
        arithmetic: arguments.arithmetic,
        graphs: GraphRequest {
            preset: arguments.preset,
            m: arguments.m,
            ef_construction: arguments.ef_construction,
            count: arguments.graphs,
        },
        predictions: arguments
            .predict
            .iter()
            .map(|wanted| wanted.prediction)
            .collect(),
        requirements: arguments.require.clone(),
        repair: arguments.repair.is_some(),
        explore: arguments.out.is_some() || arguments.atlas.is_some(),
        threads: arguments.threads,
        ..AuditRequest::default()
    }
}

fn write_tables(arguments: &AuditArguments, outcome: &AuditOutcome) -> Result<(), Failure> {
    for (wanted, ids) in arguments.predict.iter().zip(&outcome.predictions) {
        let k = wanted.prediction.k;
        write_id_table(&wanted.file, k, ids).map_err(in_file(&wanted.file))?;
        say(format!(
            "{} × {k} predicted ids in {}",
            ids.len() / k,
            wanted.file.display()
        ));
        if outcome.results.data.queries_are_base_rows {
            say(format_args!(
                "k = {k} counts the query itself: the queries are base rows"
            ));
        }
    }
    if let Some(path) = &arguments.per_query {
        let columns = outcome.per_query.columns();
        write_table(path, &columns).map_err(Failure::work)?;
        let rows = outcome.per_query.rows.len();
        say(format!(
            "{rows} rows, one per query and k, in {}",
            path.display()
        ));
    }
    if let (Some(path), Some(table)) = (&arguments.repair, &outcome.repaired) {
        let distances = table.write(path).map_err(in_file(path))?;
        let (replaced, rows) = (table.replaced, table.rows);
        say(format!(
            "{replaced} of {rows} rows replaced; ids in {}, distances in {}",
            path.display(),
            distances.display()
        ));
    }
    Ok(())
}

/// Writes the table of points.
fn write_atlas(path: &Path, outcome: &AuditOutcome, media: &RowMedia) -> Result<(), Failure> {
    let text = |_: u32, name: i64| {
        let text = media.labels.get(&name.to_string());
        text.cloned().unwrap_or_default()
    };
    let text: Option<&dyn Fn(u32, i64) -> String> = (!media.labels.is_empty()).then_some(&text);
    let Some(atlas) = outcome.atlas(text) else {
        let words = "--atlas: there is no map of these queries (more than 20,000, a filter, or an index without a graph over vectors)";
        return Err(Failure::work(words).hint("--sample N takes fewer queries"));
    };
    write_points(path, &atlas.columns, &atlas.neighbors)
        .map_err(|error| Failure::work(format!("{}: {error}", printable_path(path))))?;
    let (rows, columns) = (atlas.neighbors.lengths.len(), atlas.columns.len());
    say(format!(
        "{rows} points, {columns} columns and neighbors, in {}",
        path.display()
    ));
    Ok(())
}

/// Names the file that cannot be written.
fn in_file(path: &Path) -> impl Fn(WriteError) -> Failure + '_ {
    |error| Failure::work(format!("{}: {error}", printable_path(path)))
}

fn write_report(
    out: &Path,
    outcome: &AuditOutcome,
    media: &RowMedia,
    json: &str,
) -> Result<(), Failure> {
    write_file(&out.join("audit.json"), json.as_bytes()).map_err(Failure::work)?;
    // What `annatomy compare` reads.
    let columns = outcome.per_query.columns();
    write_columns(out.join("per_query.npz"), &columns).map_err(Failure::work)?;
    let drawn = figures::of_audit(&outcome.results);
    figures::write(out, &drawn).map_err(Failure::work)?;
    let explorer = outcome.explored.as_ref().map(|explored| (explored, media));
    report::write_audit(out, &outcome.results, &drawn, explorer).map_err(Failure::work)?;
    say(format!("report in {}", out.join("report.html").display()));
    Ok(())
}

/// Exit code 2 for requests that cannot be right, 1 for what could not be done.
fn failure(error: AuditError) -> Failure {
    match &error {
        AuditError::NoVectors => {
            Failure::usage(error).hint("annatomy audit VECTORS, or annatomy audit --index FILE")
        }
        AuditError::Request(_)
        | AuditError::Sample { .. }
        | AuditError::Setting { .. }
        | AuditError::Prediction { .. }
        | AuditError::Build(
            BuildError::M { .. } | BuildError::EfConstruction | BuildError::TooLarge { .. },
        ) => Failure::usage(error),
        AuditError::TooCostly(_) => Failure::work(error).hint(
            "fewer graphs (--graphs), links (--m) or queries (--sample) need less; answers alone \
             (--neighbors) leave the rows in their file",
        ),
        AuditError::OtherLengths { .. } => {
            Failure::work(error).hint("--metric cosine, where the index was built for it")
        }
        AuditError::Index {
            source: SavedIndexError::NoVectors { .. },
            ..
        } => Failure::usage(error).hint("annatomy audit VECTORS --index FILE"),
        AuditError::QueriesNotGiven { queries, .. } => {
            let hint = format!("--queries {}", printable_path(queries));
            Failure::work(error).hint(hint)
        }
        AuditError::K { .. } => Failure::usage(error).hint("--k K asks for fewer neighbors"),
        _ => Failure::work(error),
    }
}

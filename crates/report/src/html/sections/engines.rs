//! What each class of engine does when more neighbors are asked for than the search effort.

use crate::html::table::{Columns, Table};
use crate::html::view::{View, mean};
use crate::html::writer::Html;
use crate::text::number::share;
use annatomy_study::results::StudyKind;

/// Class, engines, rule, what the user sees.
const CLASSES: [[&str; 4]; 5] = [
    [
        "stop early",
        "FAISS (default)",
        "candidate heap of max(`ef`, *k*); stops when at least `ef` seen distances lie below the popped one",
        "the *k* best of what was visited; then id −1, `FLT_MAX`",
    ],
    [
        "raise",
        "hnswlib, usearch, Qdrant, Weaviate, Redis, hnsw_rs, FAISS with `search_bounded_queue=false`",
        "`ef` ← max(`ef`, *k*)",
        "full, slower; fewer than *k* only if unreachable",
    ],
    [
        "row cap",
        "pgvector (iterative scan off)",
        "beam `ef`, whatever LIMIT says",
        "at most `ef` rows",
    ],
    [
        "error",
        "Milvus, DiskANN, Elasticsearch",
        "*k* > `ef` refused",
        "an error",
    ],
    [
        "beam = *k*",
        "Lucene",
        "the beam is *k*",
        "full unless disconnected",
    ],
];

/// Writes the section.
pub(crate) fn write(html: &mut Html, view: &View<'_>) {
    html.section("engines", "What an engine does when *k* > `ef`", |html| {
        html.prose("This study searches as the first class does. According to their source code, engines fall into five classes:");
        let head = ["class", "engines", "rule", "the user sees"];
        let mut table = Table::new("Engines by what they do when *k* exceeds `ef`.", Columns::Words, &head);
        for class in CLASSES {
            table.row(class.map(str::to_owned));
        }
        table.write(html);
        if let Some(sentence) = compared(view) {
            html.prose(&sentence);
        }
    });
}

/// The same request under three rules, read off this study's surface.
fn compared(view: &View<'_>) -> Option<String> {
    let condition = view
        .representatives()
        .into_iter()
        .find(|condition| condition.study == StudyKind::EfSearch)?;
    let surface = &view.results.runs.first()?.surface;
    let ef = condition.ef(0);
    // The largest k beyond ef whose raised effort the surface holds, too.
    let fits = |&k: &usize| k > ef && surface.efs.contains(&k) && surface.ks.contains(&k);
    let place = condition.ks.iter().rposition(fits)?;
    let k = condition.ks[place];
    let (row, column) = (
        surface.efs.iter().position(|&e| e == k)?,
        surface.ks.iter().position(|&other| other == k)?,
    );
    let at = row * surface.ks.len() + column;
    let raised: Vec<f64> = view
        .results
        .runs
        .iter()
        .filter_map(|run| run.surface.overlap.get(at).copied())
        .collect();
    Some(format!(
        "On this study’s graph, `ef` {ef} and *k* = {k}: stopping early gives overlap {} with fill {}; raising `ef` to *k* gives \
         overlap {}; a cap of `ef` rows cannot give more than `ef`/*k* = {}.",
        share(condition.mean(place, |m| m.overlap_strict)),
        share(condition.mean(place, |m| m.fill)),
        share(mean(&raised)),
        share(ef as f64 / k as f64)
    ))
}

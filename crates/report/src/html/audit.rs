//! The report of an audit: verdict first, then advice, engines, curves, and what every word means.

use super::audit_cells::{cells, with_interval};
use super::audit_headline;
use super::conditions::{conditions, until};
use super::groups::groups;
use super::growth::growth;
use super::health::health;
use super::illustration::Illustration;
use super::page::{ReportError, begin, write_text};
use super::sections::illustrations;
use super::segments::segments;
use super::selectivity::selectivity;
use super::stages::stages;
use super::table::{Columns, Table};
use super::where_lost::where_lost;
use super::writer::Html;
use crate::explorer::{RowMedia, Subject};
use crate::figures::{Figure, GROWTH, SELECTIVITY};
use crate::terminal::{effort_word, nothing_is_drawn};
use crate::text::number::{count, share, significant};
use annatomy_audit::{Advice, AuditResults, Explored};
use std::path::Path;

/// Lost rows named on the page; `audit.json` has them all.
const NAMED: usize = 200;

/// Writes `report.html` under `folder`, by way of a temporary file beside it.
///
/// # Errors
/// If the file cannot be written.
pub fn write_audit(
    folder: &Path,
    results: &AuditResults,
    figures: &[Figure],
    explorer: Option<(&Explored, &RowMedia)>,
) -> Result<(), ReportError> {
    write_text(folder, &audit_html(results, figures, explorer))
}

/// The page's text.
pub fn audit_html(
    results: &AuditResults,
    figures: &[Figure],
    explorer: Option<(&Explored, &RowMedia)>,
) -> String {
    let mut html = Html::default();
    begin(
        &mut html,
        &format!("annatomy: audit of {}", results.data.name),
    );
    html.within("header", "", |html| audit_headline::write(html, results));
    html.within("main", "", |html| {
        conditions(html, results);
        advice(html, results);
        if let Some((explored, media)) = explorer {
            let subject = Subject::of_audit(results);
            crate::explorer::section(html, &subject, explored, media);
        }
        cells(html, "answers", "The answers given", "", &results.returned);
        let same = "The rule of the graph's own engine at the efforts given.";
        cells(
            html,
            "efforts",
            "At the effort given",
            same,
            &results.efforts,
        );
        stages(html, results);
        let own = |name: &str| -> Vec<Figure> {
            let of_name = figures.iter().filter(|figure| figure.name == name);
            of_name.cloned().collect()
        };
        let (filtered, grown) = (own(SELECTIVITY), own(GROWTH));
        let in_sections = |figure: &Figure| [SELECTIVITY, GROWTH].contains(&figure.name.as_str());
        let figures: Vec<Figure> = figures
            .iter()
            .filter(|figure| !in_sections(figure))
            .cloned()
            .collect();
        curves(html, &figures);
        let elsewhere = "What each engine's rule returns *on this graph* at its default effort. An \
                         engine builds a graph of its own, so this compares rules, not engines.";
        cells(
            html,
            "engines",
            "At engines' own defaults",
            elsewhere,
            &results.engines,
        );
        segments(html, results);
        selectivity(html, results, &filtered);
        growth(html, results, &grown);
        where_lost(html, results);
        groups(html, results);
        until(html, results);
        difficulty(html, results);
        health(html, results);
        lost(html, results);
        words(html);
    });
    html.trusted("</body>\n</html>\n");
    html.finish()
}

fn advice(html: &mut Html, results: &AuditResults) {
    if results.advice.is_empty() {
        return;
    }
    html.section("advice", "Which effort", |html| {
        let word = effort_word(results);
        let (named, shown) = (format!("`{word}`"), format!("`{word}` shown"));
        let alpha = format!("α = `{word}`/*k*");
        if nothing_is_drawn(results) {
            html.prose(&format!(
                "The smallest `{word}` that meets the target. Every row is a query, of one graph: the figures are counts over \
                 all of them, and have no interval. Queries that are no rows often need a larger `{word}`.",
            ));
            let head = ["*k*", "target", &named, "reached there", &alpha, "distances a query"];
            let mut table = Table::new("Efforts that suffice", Columns::Numbers, &head);
            results
                .advice
                .iter()
                .for_each(|advice| table.row(advice_row(advice).into_iter().take(head.len())));
            table.write(html);
            return;
        }
        html.prose(&format!(
            "First the `{word}` that is *shown* to suffice: the smallest at which the worse end of the measure's 95 % interval \
             meets the target. Then the smallest whose estimate does, which falls short about as often as not, and the \
             efforts between which the true one lies with 95 % confidence, over queries and, where several graphs were \
             built, over graphs.",
        ));
        if results.data.queries_are_base_rows {
            html.prose(&format!(
                "Rows are queries here; queries that are no rows often need a larger `{word}`."
            ));
        }
        let head = [
            "*k*", "target", &shown, "reached there", &alpha, "distances a query", "estimate", "95 %",
            "other half of the queries",
        ];
        let mut table = Table::new("Efforts that suffice", Columns::Numbers, &head);
        results.advice.iter().for_each(|advice| table.row(advice_row(advice)));
        table.write(html);
    });
}

fn advice_row(advice: &Advice) -> Vec<String> {
    let number = |value: Option<usize>| value.map_or("–".to_owned(), |value| count(value as u64));
    let shown = advice.recommended.as_ref();
    let judged = shown.and_then(|shown| shown.judged);
    let none = || match (advice.ef, advice.queries_needed) {
        (Some(_), Some(needed)) => format!(
            "none with fewer than about {} queries",
            count(needed as u64)
        ),
        _ => format!("none up to {}", advice.largest_ef),
    };
    vec![
        advice.k.to_string(),
        advice.target.to_string(),
        shown.map_or_else(none, |shown| count(shown.ef as u64)),
        with_interval(shown.map_or(advice.reached, |shown| shown.reached)),
        shown.map_or("–".to_owned(), |shown| significant(shown.alpha, 3)),
        shown.map_or("–".to_owned(), |shown| {
            count(shown.distance_evaluations.round() as u64)
        }),
        number(advice.ef),
        format!("{} to {}", number(advice.ef_low), number(advice.ef_high)),
        judged.map_or("–".to_owned(), |judged| {
            format!("at {}: {}", judged.ef, with_interval(Some(judged.reached)))
        }),
    ]
}

fn curves(html: &mut Html, figures: &[Figure]) {
    if figures.is_empty() {
        return;
    }
    html.section("curves", "Every effort at once", |html| {
        html.prose("All efforts are read from one traversal a query: what a search at `ef` visits is a prefix of it.");
        let drawn: Vec<Illustration<'_>> = figures.iter().map(Illustration::from).collect();
        let names: Vec<&str> = drawn.iter().map(|figure| figure.name).collect();
        illustrations::row(html, &drawn, &names);
    });
}

fn difficulty(html: &mut Html, results: &AuditResults) {
    html.section("difficulty", "How hard these data are", |html| {
        let head = ["*k*", "LID", "relative contrast", "hubness", "antihubs"];
        let mut table = Table::new("Of the exact neighbors", Columns::Numbers, &head);
        let number =
            |value: Option<f64>| value.map_or("–".to_owned(), |value| significant(value, 4));
        for at in &results.difficulty {
            table.row([
                at.k.to_string(),
                number(at.lid.map(|lid| lid.point)),
                number(at.relative_contrast),
                number(at.hubness),
                share(at.antihub_share),
            ]);
        }
        table.write(html);
    });
}

fn lost(html: &mut Html, results: &AuditResults) {
    let Some(graphs) = results
        .graphs
        .as_ref()
        .filter(|graphs| graphs.unreachable.iter().any(|lost| !lost.is_empty()))
    else {
        return;
    };
    html.section("unreachable", "Rows that no search finds", |html| {
        html.prose(
            "No path leads to them from the entry point. No `ef` brings them back; a larger *M* or `efConstruction`, or \
             another order of insertion, gives another graph.",
        );
        for (number, lost) in graphs.unreachable.iter().enumerate() {
            let names: Vec<String> = lost.iter().take(NAMED).map(ToString::to_string).collect();
            let more = if lost.len() > NAMED { ", …" } else { "" };
            html.prose(&format!("Graph {number}: {} rows: {}{more}", lost.len(), names.join(", ")));
        }
    });
}

fn words(html: &mut Html) {
    html.section("words", "What the words mean", |html| {
        let pairs = [
            ("fill", "Share of the *k* slots that hold a valid, distinct neighbor. Everything else is over filled slots."),
            ("overlap", "Share of the exact *k* that came back; a row at the *k*-th distance to one part in a million counts."),
            ("less chance", "LCMC: overlap less k/(n − 1), what rows drawn at random would have (Chen & Buja 2009)."),
            ("ε-recall", "Share of the slots with distance up to 1.01 times that of the *k*-th exact neighbor."),
            ("1/Ratio", "1 over the mean ratio of returned to exact distance, rank by rank; empty slots do not count."),
            ("rank-biased", "Rank-biased overlap at p = .9: agreement of the lists, the nearest ten ranks counting most (Webber et al. 2010)."),
            ("displacement", "Mean distance in ranks of the true neighbors returned from their places, over *k*."),
            ("worst 5 %", "The overlap that 95 % of the queries reach."),
            ("distance error", "Mean over ranks of returned over exact distance, less 1."),
            ("shift", "Distance between the two barycenters over the radius of the exact neighborhood; over 500 queries at most: *n* says how many."),
            ("self-hit", "Share of the queries that are among their own returned rows, where queries are base rows."),
            ("LID", "Local intrinsic dimensionality, maximum likelihood (Levina & Bickel 2004). Under cosine all geometry is \
                     over the chord ‖x/|x| − y/|y|‖ = √(2 − 2 cos); LID is then twice what 1 − cos gives."),
            ("missing", "Why exact neighbors are missing, a query: all causes add up to *k*·(1 − overlap by id), and without \
                         the tied ones to *k*·(1 − overlap)."),
            ("unreachable", "No path from the entry point leads there."),
            ("unvisited", "Reachable, and the search stopped before it."),
            ("cut off", "Visited, and beyond the rows that the engine returns."),
            ("tied", "A row at the *k*-th distance is in its place, which the overlap counts and the overlap by id does not."),
            ("displaced", "A farther row is in its place, or the slot is empty; only the graph can say why."),
            ("relative contrast", "Mean distance to random rows over the mean distance of the *k*-th neighbor; near 1 is hard."),
            ("hubness", "Skewness of how often rows are neighbors; far above 0, few rows crowd all lists."),
        ];
        let pairs: Vec<(String, String)> = pairs.map(|(word, meaning)| (word.to_owned(), meaning.to_owned())).into();
        html.terms("words", &pairs);
    });
}

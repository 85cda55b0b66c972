//! The section on growth: the smallest ef of every sample, the law, and its forecast.

use super::illustration::Illustration;
use super::sections::illustrations;
use super::table::{Columns, Table};
use super::writer::Html;
use crate::figures::Figure;
use crate::terminal::{law_words, mean_ef, sizes};
use crate::text::number::{count, significant};
use annatomy_audit::{AuditResults, GrowthForecast, GrowthLaw, GrowthResult};

/// The figure, the sentences and the table; nothing where growth was not asked for.
pub(super) fn growth(html: &mut Html, results: &AuditResults, figures: &[Figure]) {
    let Some(growth) = &results.growth else {
        return;
    };
    html.section("growth", "As the rows grow", |html| {
        html.prose(&format!(
            "The smallest `ef` of graphs over nested samples of the {} rows (M {}, efConstruction {}, three samples of each size but the \
             last), for the same {} queries, none of which is in a graph. The law is `ef` = *a* + *b*·log₂ *n*; its interval is that of one more graph, and \
             holds the forecast of a parabola through the same means too: where the two forms disagree, the samples do not say which \
             is right.",
            count(growth.rows as u64),
            growth.m,
            growth.ef_construction,
            count(growth.queries as u64)
        ));
        for law in &growth.laws {
            html.within("p", "", |html| html.plain(&format!("{}.", law_words(law))));
        }
        let drawn: Vec<Illustration<'_>> = figures.iter().map(Illustration::from).collect();
        let names: Vec<&str> = drawn.iter().map(|figure| figure.name).collect();
        illustrations::row(html, &drawn, &names);
        table(html, growth);
    });
}

fn table(html: &mut Html, growth: &GrowthResult) {
    let sizes = sizes(growth);
    let rows = |rows: &usize| format!("{} rows", count(*rows as u64));
    let ahead = growth.laws.iter().find(|law| !law.forecasts.is_empty());
    let ahead: Vec<usize> = ahead.map_or(Vec::new(), |law| {
        law.forecasts.iter().skip(1).map(|at| at.rows).collect()
    });
    let mut head = vec!["*k*".to_owned(), "target".to_owned()];
    head.extend(sizes.iter().map(rows));
    head.extend(ahead.iter().map(|at| format!("forecast, {}", rows(at))));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = Table::new("The smallest ef against rows", Columns::Numbers, &head);
    for law in &growth.laws {
        table.row(row(growth, law, &sizes));
    }
    table.write(html);
}

fn row(growth: &GrowthResult, law: &GrowthLaw, sizes: &[usize]) -> Vec<String> {
    let measured = sizes.iter().map(|&rows| {
        let mean = mean_ef(growth, law, rows);
        mean.map_or("–".to_owned(), |ef| significant(ef, 3))
    });
    let forecast = |at: &GrowthForecast| {
        let (low, high) = (at.low.floor() as u64, at.high.ceil() as u64);
        format!(
            "{} ({} to {})",
            count(at.ef.round() as u64),
            count(low),
            count(high)
        )
    };
    let mut cells = vec![law.k.to_string(), law.target.to_string()];
    cells.extend(measured);
    cells.extend(law.forecasts.iter().skip(1).map(forecast));
    cells
}

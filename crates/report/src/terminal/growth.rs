//! How the smallest ef grows with the rows: what the samples need, the law, and how far its forecast reaches.

use crate::text::number::{count, significant};
use annatomy_audit::{GrowthForecast, GrowthLaw, GrowthResult};

/// A line per k and target, and what to make of it.
pub(super) fn growth_lines(growth: &GrowthResult) -> Vec<String> {
    let mut lines = vec![format!(
        "As the rows grow: graphs of M {}, efConstruction {} over samples of {} rows, {} queries",
        growth.m,
        growth.ef_construction,
        count(growth.rows as u64),
        count(growth.queries as u64)
    )];
    let sizes = sizes(growth);
    let heads = sizes
        .iter()
        .map(|&rows| format!("{:>11}", count(rows as u64)));
    lines.push(format!(
        "  {:<26}{:>6}{}",
        "smallest ef, mean",
        "k",
        heads.collect::<String>()
    ));
    for law in &growth.laws {
        let efs = sizes.iter().map(|&rows| {
            let mean = mean_ef(growth, law, rows);
            format!(
                "{:>11}",
                mean.map_or("–".to_owned(), |ef| significant(ef, 3))
            )
        });
        let efs: String = efs.collect();
        lines.push(format!("  {:<26}{:>6}{efs}", law.target.to_string(), law.k));
    }
    for law in &growth.laws {
        lines.push(format!("  {}", law_words(law)));
    }
    if growth.laws.iter().any(|law| !law.forecasts.is_empty()) {
        lines.push(
            "  A forecast is no measurement: beyond the rows there are, the interval trusts that growth goes on as it did."
                .to_owned(),
        );
    }
    lines
}

/// Sizes of the samples, ascending.
pub(crate) fn sizes(growth: &GrowthResult) -> Vec<usize> {
    let mut sizes: Vec<usize> = growth.points.iter().map(|point| point.rows).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// The mean of the smallest ef over the graphs of one size; `None` where one does not reach the target.
pub(crate) fn mean_ef(growth: &GrowthResult, law: &GrowthLaw, rows: usize) -> Option<f64> {
    let of_it = |point: &&annatomy_audit::GrowthPoint| {
        (point.rows, point.k, point.target) == (rows, law.k, law.target)
    };
    let efs: Option<Vec<f64>> = growth
        .points
        .iter()
        .filter(of_it)
        .map(|point| point.ef.map(|ef| ef as f64))
        .collect();
    let efs = efs?;
    (!efs.is_empty()).then(|| efs.iter().sum::<f64>() / efs.len() as f64)
}

/// "k = 10: each doubling adds 1.2 to ef (0.9 to 1.5); at 1,000,000 rows 34 (29 to 40)".
pub(crate) fn law_words(law: &GrowthLaw) -> String {
    let head = format!("k = {}, {}", law.k, law.target);
    let Some(fit) = &law.law else {
        return format!(
            "{head}: no law, since it takes four sizes of ten times k rows at which every graph reaches the target"
        );
    };
    let number = |value: f64| significant(value, 2);
    let (verb, slope) = if fit.per_doubling < 0.0 {
        ("takes", -fit.per_doubling)
    } else {
        ("adds", fit.per_doubling)
    };
    let ahead = law.forecasts.iter().skip(1).map(forecast_words);
    format!(
        "{head}: a doubling of the rows {verb} {} {} ef ({} to {}), {} off the line; {}",
        number(slope),
        if fit.per_doubling < 0.0 { "from" } else { "to" },
        number(fit.per_doubling_low),
        number(fit.per_doubling_high),
        number(fit.misfit),
        ahead.collect::<Vec<_>>().join(", ")
    )
}

fn forecast_words(at: &GrowthForecast) -> String {
    let whole = |ef: f64| count(ef.round() as u64);
    let (low, high) = (whole(at.low.floor()), whole(at.high.ceil()));
    format!(
        "at {} rows {} ({low} to {high})",
        count(at.rows as u64),
        whole(at.ef)
    )
}

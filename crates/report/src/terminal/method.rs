//! An index of codes, cells, transforms or a rerank: what it is, and which stage loses neighbors.

use crate::text::number::{count, counted, share, significant};
use annatomy_audit::{MethodFacts, StageResult};
use annatomy_measures::estimate::Estimate;

/// What the index is.
pub(super) fn method_lines(method: &MethodFacts) -> Vec<String> {
    let bytes = counted(method.code_bytes as u64, "byte", "bytes");
    let mut parts = Vec::new();
    parts.extend(method.transforms.iter().cloned());
    let residual = if method.by_residual {
        " of residuals"
    } else {
        ""
    };
    parts.push(format!("{}{residual}, {bytes} a row", method.codes));
    if let Some(m) = method.m {
        let built = method.ef_construction;
        let built = built.map_or(String::new(), |built| format!(", efConstruction {built}"));
        let letter = match method.effort.as_deref() {
            Some("L") => "R",
            _ => "M",
        };
        parts.push(format!("graph of {letter} {m}{built}"));
    }
    if let Some(factor) = method.rerank_factor {
        parts.push(format!("the first {} k reranked", significant(factor, 3)));
    }
    let saved = match (&method.effort, method.saved_effort) {
        (Some(word), Some(effort)) => format!("; saved with {word} {effort}"),
        _ => String::new(),
    };
    let mut lines = vec![format!("index: {}", method.source)];
    lines.push(format!("  {}{saved}", parts.join("; ")));
    if let Some(cells) = &method.cells {
        lines.push(format!(
            "  {} cells, {} empty, the largest of {} rows; imbalance {}",
            count(cells.cells as u64),
            count(cells.empty as u64),
            count(cells.largest as u64),
            significant(cells.imbalance, 3)
        ));
    }
    if let (Some(word), Some(efforts)) = (&method.effort, method.replayed) {
        lines.push(format!(
            "  replayed at {efforts} values of {word}: a search begins at rows drawn for its own {word}, and answers no other"
        ));
    }
    lines.push(format!(
        "  distances are summed as by {} compiled for {}",
        method.engine, method.arithmetic
    ));
    lines
}

/// One line a stage, for each k.
pub(super) fn stage_lines(method: &MethodFacts) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<34}{:>16}{:>18}",
        "Where neighbors are lost", "keeps at most", "missing a query"
    )];
    for stage in &method.stages {
        lines.extend(of_stage(method, stage));
    }
    lines
}

fn of_stage(method: &MethodFacts, stage: &StageResult) -> Vec<String> {
    let effort = match (&method.effort, stage.effort) {
        (Some(word), Some(effort)) => format!(" at {word} {effort}"),
        _ => String::new(),
    };
    let mut lines = vec![format!(
        "  k {}{effort}: overlap {}, {} % of the rows visited",
        stage.k,
        ceiling(stage.overlap),
        significant(100.0 * stage.scanned, 3)
    )];
    let mut line = |name: &str, keeps: String, lost: f64| {
        let lost = if lost < 0.0005 {
            "0".to_owned()
        } else {
            significant(lost, 3)
        };
        lines.push(format!("    {name:<30}{keeps:>16}{lost:>18}"));
    };
    let lost = &stage.lost;
    if !method.transforms.is_empty() {
        line("transform", ceiling(stage.transforms_keep), lost.transform);
    }
    if stage.codes_keep.is_some() {
        let name = match stage.candidates {
            candidates if candidates > stage.k => format!("codes, nearest {candidates}"),
            _ => "codes".to_owned(),
        };
        line(&name, ceiling(stage.codes_keep), lost.codes);
    }
    if method.effort.is_some() {
        line("routing", String::new(), lost.routing);
        if lost.unreachable >= 0.0005 {
            line("  of these unreachable", String::new(), lost.unreachable);
        }
    }
    if method.rerank_factor.is_some() {
        line("rerank", String::new(), lost.rerank);
    }
    if lost.tied >= 0.0005 {
        line("ties", String::new(), lost.tied);
    }
    lines.extend(remedies(method, stage));
    lines
}

/// What would keep more, measured on these data.
fn remedies(method: &MethodFacts, stage: &StageResult) -> Vec<String> {
    let mut lines = Vec::new();
    let word = method.effort.as_deref().unwrap_or("effort");
    for depth in &stage.rerank_depths {
        let target = share(depth.target);
        let keep = ceiling(stage.codes_keep);
        let way = match depth.candidates {
            Some(candidates) => format!(
                "rerank the nearest {} by code, which hold it",
                count(candidates as u64)
            ),
            None => "no number of candidates holds it".to_owned(),
        };
        let bits = stage.eight_bits.map_or(String::new(), |bits| {
            let bytes = counted(bits.code_bytes as u64, "byte", "bytes");
            format!(
                ", or 8 bits a column ({bytes} a row), which keep {}",
                share(bits.keep.point)
            )
        });
        lines.push(format!(
            "    for {target} the codes keep too little ({keep}), whatever the {word}: {way}{bits}"
        ));
    }
    lines
}

fn ceiling(estimate: Option<Estimate>) -> String {
    estimate.map_or("–".to_owned(), |estimate| share(estimate.point))
}

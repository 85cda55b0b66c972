//! What is wrong with a graph, and what to do about it: a line for each warning, nothing without. Rows
//! that no path reaches are named elsewhere.

use crate::text::number::{count, counted, share, significant};
use annatomy_audit::{AuditResults, GraphHealth, HealthWarning};

/// What an engine calls the settings of a graph and of its search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GraphWords {
    /// Most links of a node.
    pub(crate) degree: &'static str,
    /// Effort of the build.
    pub(crate) build: &'static str,
    /// Effort of a search.
    pub(crate) effort: &'static str,
}

impl GraphWords {
    const HNSW: Self = Self {
        degree: "M",
        build: "efConstruction",
        effort: "ef",
    };
    const DISKANN: Self = Self {
        degree: "graph_degree",
        build: "complexity",
        effort: "L",
    };

    pub(crate) fn of(results: &AuditResults) -> Self {
        match &results.method {
            Some(method) if method.engine == "DiskANN" => Self::DISKANN,
            _ => Self::HNSW,
        }
    }
}

/// The warnings of all graphs, or of all segments; each names its own where there are several.
pub(super) fn health_lines(words: GraphWords, health: &[GraphHealth]) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, of_graph) in health.iter().enumerate() {
        for warning in &of_graph.warnings {
            // Their ids stand in the lines above.
            if let HealthWarning::Unreachable { .. } = warning {
                continue;
            }
            let which = match health.len() {
                1 => String::new(),
                _ => format!(" {}", number + 1),
            };
            lines.push(format!(
                "  warning{which}: {}",
                warning_words(words, warning, of_graph)
            ));
        }
    }
    lines
}

/// A warning as a sentence, and another on what to do.
pub(crate) fn warning_words(
    words: GraphWords,
    warning: &HealthWarning,
    health: &GraphHealth,
) -> String {
    let GraphWords {
        degree,
        build,
        effort,
    } = words;
    match *warning {
        HealthWarning::Unreachable { rows } => format!(
            "no path leads to {}, at any {effort}. A larger {degree} or {build}, or another order of insertion, loses fewer.",
            counted(rows as u64, "row", "rows"),
        ),
        HealthWarning::Fragmented {
            components,
            outside,
        } => format!(
            "{} of {} rows lie outside the largest of {} strongly connected components. \
             A larger {degree} or {build}, or another order of insertion, connects more of them.",
            count(outside as u64),
            count(health.rows as u64),
            count(components as u64),
        ),
        HealthWarning::Confined { rows } => format!(
            "from {} no link leads back to the rest: a search that comes among them sees no others. \
             Often these are more equal rows than a list has links: remove repeats, or build with a larger {degree}.",
            counted(rows as u64, "row", "rows"),
        ),
        HealthWarning::LosesItself { ef, self_recall } => format!(
            "a search for a base row visits that row in {} of 100 cases at {effort} {ef}. \
             Raise {effort}; if that does not help, build with a larger {build}.",
            significant(100.0 * self_recall, 3),
        ),
        HealthWarning::Hubs {
            top_share,
            random_share,
        } => format!(
            "1 % of the rows take {} of all visits, {} if visits were at random: searches pass by the same rows and miss others. \
             A larger {degree} spreads them; where rows differ in length, cosine does too.",
            share(top_share),
            share(random_share),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_audit::InDegree;

    fn health(warnings: Vec<HealthWarning>) -> GraphHealth {
        GraphHealth {
            rows: 12_000,
            components: 31,
            largest_component: 11_000,
            confined: 0,
            unreachable: 0,
            in_degree: InDegree::default(),
            redundant_links: None,
            ef: 64,
            self_recall: None,
            hubs: None,
            warnings,
        }
    }

    #[test]
    fn a_warning_has_its_numbers_and_what_to_do() {
        let warnings = vec![
            HealthWarning::Unreachable { rows: 3 },
            HealthWarning::Fragmented {
                components: 31,
                outside: 1_000,
            },
            HealthWarning::Confined { rows: 1 },
            HealthWarning::LosesItself {
                ef: 64,
                self_recall: 0.74,
            },
            HealthWarning::Hubs {
                top_share: 0.3,
                random_share: 0.0125,
            },
        ];
        let of_diskann = health_lines(GraphWords::DISKANN, &[health(warnings.clone())]);
        let said = "at L 64. Raise L; if that does not help, build with a larger complexity.";
        assert!(of_diskann[2].contains(said), "{}", of_diskann[2]);
        let lines = health_lines(GraphWords::HNSW, &[health(warnings)]);
        assert_eq!(lines.len(), 4, "unreachable rows are named elsewhere");
        for (line, words) in lines.iter().zip([
            ["1000 of 12", "31 strongly connected", "larger M"],
            ["from 1 row no link", "sees no others", "remove repeats"],
            ["in 74.0 of 100 cases", "at ef 64", "Raise ef"],
            ["take .300 of all visits", ".013", "larger M spreads"],
        ]) {
            for words in words {
                assert!(line.contains(words), "{line}");
            }
        }
        assert!(health_lines(GraphWords::HNSW, &[health(Vec::new())]).is_empty());
    }

    #[test]
    fn several_graphs_are_numbered() {
        let all = [
            health(Vec::new()),
            health(vec![HealthWarning::Confined { rows: 2 }]),
        ];
        let lines = health_lines(GraphWords::HNSW, &all);
        assert!(
            lines[0].starts_with("  warning 2: from 2 rows"),
            "{}",
            lines[0]
        );
    }
}

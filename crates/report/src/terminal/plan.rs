//! What exact neighbors take on several nodes: a line for each number of nodes.

use crate::text::number::{count, significant};
use annatomy_knn::PartialPlan;
use annatomy_runtime::bytes_in_words;
use std::fmt::Write as _;

/// Most nodes of the table where none are asked for.
const MOST: usize = 64;

/// The plan as text: what was tried here, and what each of 1, 2, 4, … nodes takes, or of `nodes`; none of more nodes than rows.
pub fn plan_words(plan: &PartialPlan, nodes: Option<usize>, threads: usize) -> String {
    let number = |value: usize| count(value as u64);
    let mut text = format!(
        "{} queries, k {}, among {} × {}\n",
        number(plan.queries),
        number(plan.k),
        number(plan.rows),
        number(plan.columns)
    );
    let plural = if threads == 1 { "" } else { "s" };
    let _ = writeln!(
        text,
        "tried here on {threads} thread{plural}: {} rows read in {} s, {} of the queries searched in {} s",
        number(plan.tried_rows),
        significant(plan.read_seconds, 2),
        number(plan.tried_queries),
        significant(plan.search_seconds, 2)
    );
    let _ = writeln!(
        text,
        "\n{:>7}{:>16}{:>16}{:>18}{:>14}",
        "nodes", "rows a node", "time a node", "memory a node", "a partial"
    );
    let all = nodes.map_or_else(doublings, |nodes| vec![nodes]);
    for nodes in all {
        let Some(node) = plan.node(nodes) else {
            continue;
        };
        let _ = writeln!(
            text,
            "{:>7}{:>16}{:>16}{:>18}{:>14}",
            number(nodes),
            number(node.rows),
            time(node.seconds),
            bytes_in_words(node.memory_bytes),
            bytes_in_words(node.partial_bytes)
        );
    }
    text
}

fn doublings() -> Vec<usize> {
    std::iter::successors(Some(1), |nodes| Some(2 * nodes))
        .take_while(|&nodes| nodes <= MOST)
        .collect()
}

fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        seconds if seconds < 120.0 => (seconds, "s"),
        seconds if seconds < 7_200.0 => (seconds / 60.0, "min"),
        seconds => (seconds / 3_600.0, "h"),
    };
    format!("{} {unit}", significant(value, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: PartialPlan = PartialPlan {
        rows: 100_000_000,
        columns: 100,
        queries: 10_000,
        k: 100,
        tried_rows: 300_000,
        tried_queries: 2_000,
        read_seconds: 0.1,
        search_seconds: 1.0,
        fixed_seconds: 0.0,
    };

    #[test]
    fn each_number_of_nodes_has_its_line() {
        let text = plan_words(&PLAN, None, 2);
        assert_eq!(text.lines().count(), 4 + 7, "{text}");
        assert!(
            text.contains("28 min") && text.contains("tried here on 2 threads"),
            "{text}"
        );
        let one = plan_words(&PLAN, Some(16), 1);
        assert_eq!(one.lines().count(), 4 + 1);
        assert!(
            one.contains("6 250 000") || one.contains("6\u{202f}250\u{202f}000"),
            "{one}"
        );
    }

    #[test]
    fn times_have_units_that_can_be_read() {
        let said = [5.0, 600.0, 20_000.0].map(time);
        assert_eq!(said, ["5.0 s", "10 min", "5.6 h"]);
    }
}

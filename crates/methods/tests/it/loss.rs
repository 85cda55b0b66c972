//! Decoded codes and losses against brute force over them, in float64.

use super::answers::{golden, queries, rows};
use annatomy_hnsw::Visits;
use annatomy_methods::required::{Asked, Presences};
use annatomy_methods::stages::{Stages, ceiling, losses};
use annatomy_methods::{Method, QueryScratch, Searcher, Wanted};
use annatomy_vectors::{MatrixView, Metric};

/// The k nearest rows, by (distance, id).
fn nearest(rows: MatrixView<'_>, metric: Metric, query: &[f32], k: usize) -> Vec<u32> {
    let distance = |row: usize| -> f64 {
        let pairs = rows.row(row).iter().zip(query);
        match metric {
            Metric::L2 => pairs
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum(),
            _ => -pairs
                .map(|(&a, &b)| f64::from(a) * f64::from(b))
                .sum::<f64>(),
        }
    };
    let mut all: Vec<(f64, u32)> = (0..rows.rows())
        .map(|row| (distance(row), row as u32))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all.iter().take(k).map(|&(_, id)| id).collect()
}

/// A scan of all codes gives the order of the decoded rows, but for distances as near as rounding.
#[test]
fn a_scan_of_all_codes_is_brute_force_over_the_decoded_rows() {
    for name in [
        "ivf_sq8_residual_l2",
        "ivf_sq6_ip",
        "hnsw_fp16_l2",
        "ivf_direct_l2",
        "pca_ivf_sq8_l2",
        "hnsw_sq8_l2",
    ] {
        let method = Method::read(golden(&format!("{name}.index"))).expect(name);
        let searcher = Searcher::new(&method, None).expect(name);
        let decoded = method.decoded().expect("small");
        let queries = queries(name);
        let transformed = searcher.transformed(queries.view()).expect("small");
        let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
        for query in 0..queries.rows() {
            searcher.record_all(queries.row(query), Wanted::ALL, &mut scratch, &mut visits);
            assert_eq!(visits.nearest_first().len(), method.rows);
            let found: Vec<u32> = visits.nearest_first()[..10]
                .iter()
                .map(|visit| visit.id)
                .collect();
            let expected = nearest(decoded.view(), method.metric, transformed.row(query), 10);
            assert_eq!(found, expected, "{name}, query {query}");
        }
    }
}

#[test]
fn losses_add_up_to_what_is_missing_and_effort_moves_routing_alone() {
    for name in [
        "pca_ivf_sq8_l2",
        "ivf_pq4_residual_l2",
        "mapped_refined_opq_ivf_pq6",
        "hnsw_pq4_l2",
    ] {
        let method = Method::read(golden(&format!("{name}.index"))).expect(name);
        let searcher = Searcher::new(&method, None).expect(name);
        let base = match method.original_rows() {
            Some(rows) => rows.expect("small"),
            None => rows(name),
        };
        let transformed_base = searcher.transformed(base.view()).expect("small");
        let queries = queries(name);
        let transformed = searcher.transformed(queries.view()).expect("small");
        let (mut scratch, mut visits) = (QueryScratch::default(), Visits::default());
        let (k, mut total) = (10, 0.0);
        let candidates = method.candidates(k);
        for query in 0..queries.rows() {
            let vector = queries.row(query);
            let exact = nearest(base.view(), method.metric, vector, k);
            let after_transform = nearest(
                transformed_base.view(),
                method.metric,
                transformed.row(query),
                candidates,
            );
            searcher.record_all(vector, Wanted::ALL, &mut scratch, &mut visits);
            let coded: Vec<u32> = visits.nearest_first()[..candidates]
                .iter()
                .map(|v| v.id)
                .collect();
            for effort in [1, 3, 200] {
                searcher.record(vector, effort, &mut scratch, &mut visits);
                let visited = visits.visited(effort.min(visits.ef()));
                let found: Vec<u32> = visits
                    .among_first(visited)
                    .take(candidates)
                    .map(|v| v.id)
                    .collect();
                let returned: Vec<u32> = searcher
                    .answer(vector, &visits, effort, k, &mut scratch)
                    .collect();
                let lost = losses(&Stages {
                    exact: &exact,
                    transformed: Some(&after_transform),
                    coded: Some(&coded),
                    candidates: &found,
                    returned: &returned,
                    reachable: None,
                    tied: 0,
                });
                let missing = exact.iter().filter(|id| !returned.contains(id)).count();
                assert_eq!(lost.total(), missing as f64, "{name}, query {query}");
                if effort == 200 && !name.starts_with("hnsw") {
                    assert_eq!(lost.routing, 0.0, "{name}: every cell is probed");
                    let kept = ceiling(&exact, &coded);
                    assert!(missing as f64 >= (1.0 - kept) * k as f64 - 1e-9);
                }
                total += lost.total();
            }
            // Presences say the same, effort by effort.
            let rank_of = |id: u32| exact.iter().position(|&e| e == id).map(|rank| rank as u32);
            let asked = Asked {
                candidates,
                neighbors: k,
                left_out: None,
            };
            let mut presences = Vec::new();
            searcher.record(vector, 200, &mut scratch, &mut visits);
            Presences::default().find(&visits, asked, rank_of, &mut presences);
            for effort in [1, 2, 5, 13] {
                let held = presences
                    .iter()
                    .filter(|presence| presence.holds(effort))
                    .count();
                let visited = visits.visited(effort.min(visits.ef()));
                let answer = visits.among_first(visited).take(candidates);
                let expected = answer.filter(|visit| exact.contains(&visit.id)).count();
                assert_eq!(held, expected, "{name}, effort {effort}");
            }
        }
        assert!(total > 0.0, "{name}: something is missing at effort 1");
    }
}

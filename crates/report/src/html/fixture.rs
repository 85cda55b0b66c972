//! A made-up study with the shapes of a real one, for tests.

use annatomy_study::results::{
    Artefacts, ConditionResult, DataFacts, Figures, Machine, Measurement, PublishedMetrics,
    RunRecord, StageSeconds, StudyKind, StudyResults, SurfaceGrid,
};

/// Runs of every default condition over `ks`; overlap falls with k/ef, slots go empty beyond 3.6 ×
/// ef.
pub(super) fn study(runs: usize, ks: &[usize]) -> StudyResults {
    let mut settings = annatomy_study::config::defaults();
    settings.runs = runs;
    settings.ks = ks.to_vec();
    StudyResults {
        runs: (0..runs).map(|run| record(run, &settings)).collect(),
        machine: machine(),
        settings,
    }
}

fn machine() -> Machine {
    Machine {
        version: "0.1.0".to_owned(),
        platform: "linux x86_64".to_owned(),
        processor: "a processor".to_owned(),
        instructions: "AVX-512".to_owned(),
        threads: 2,
        started: "2026-01-01T00:00:00Z".to_owned(),
    }
}

fn record(run: usize, settings: &annatomy_study::results::Settings) -> RunRecord {
    let noise = 1.0 + 0.01 * (run as f64 - 1.0);
    let ks = &settings.ks;
    let efs = settings
        .ef_values
        .iter()
        .map(|&ef| (StudyKind::EfSearch, format!("ef_{ef}"), ef as f64));
    let constructions = settings
        .ef_construction_values
        .iter()
        .map(|&ef| (StudyKind::EfConstruction, format!("efc_{ef}"), ef as f64));
    let alphas = settings
        .alpha_values
        .iter()
        .map(|&alpha| (StudyKind::Alpha, format!("alpha_{alpha}"), alpha));
    let conditions = efs
        .chain(constructions)
        .chain(alphas)
        .map(|(study, name, value)| {
            let ef = |k: usize| match study {
                StudyKind::EfSearch => value as usize,
                StudyKind::EfConstruction => settings.ef_search,
                StudyKind::Alpha | StudyKind::Order | StudyKind::Methods => {
                    ((value * k as f64) as usize).max(2)
                }
            };
            ConditionResult {
                study,
                condition: name,
                value,
                ef_construction: if study == StudyKind::EfConstruction {
                    value as usize
                } else {
                    200
                },
                published_ef_construction: if study == StudyKind::EfSearch {
                    200
                } else {
                    400
                },
                corrected: ks.iter().map(|&k| measurement(k, ef(k), noise)).collect(),
                published: ks.iter().map(|&k| published(k, ef(k), noise)).collect(),
            }
        });
    let efs = vec![10, 50, 100, 500];
    RunRecord {
        run,
        conditions: conditions.collect(),
        order: None,
        methods: None,
        surface: SurfaceGrid {
            overlap: efs
                .iter()
                .flat_map(|&ef| ks.iter().map(move |&k| overlap(k, ef, noise)))
                .collect(),
            fill: efs
                .iter()
                .flat_map(|&ef| ks.iter().map(move |&k| fill(k, ef, noise)))
                .collect(),
            visited: efs.iter().map(|&ef| ef as f64 * 12.0).collect(),
            required_ef: ks
                .iter()
                .map(|&k| [Some(k * 2), Some(k * 4 + run), None])
                .collect(),
            ties: Vec::new(),
            ks: ks.clone(),
            efs,
        },
        explored: None,
        data: DataFacts {
            rows: 10_000,
            columns: 2048,
            duplicate_rows: 3,
            unreachable_nodes: 2,
            queries: 10_000,
            hubness: None,
        },
        seconds: StageSeconds {
            data: 1.0,
            distances: 4.0,
            build: 12.0,
            traverse: 6.0,
            measure: 9.0,
            order: 0.0,
            methods: 0.0,
        },
    }
}

fn overlap(k: usize, ef: usize, noise: f64) -> f64 {
    let ratio = k as f64 / ef as f64 * noise;
    1.0 / (1.0 + (ratio / 8.0).powf(1.4))
}

fn fill(k: usize, ef: usize, noise: f64) -> f64 {
    let ratio = k as f64 / ef as f64 * noise;
    if ratio < 3.6 {
        1.0
    } else {
        (1.0 - (ratio - 3.5) * 0.01).max(0.3)
    }
}

fn measurement(k: usize, ef: usize, noise: f64) -> Measurement {
    let (overlap, fill) = (overlap(k, ef, noise), fill(k, ef, noise));
    let missing = (1.0 - overlap) * k as f64;
    Measurement {
        k,
        ef,
        fill,
        overlap,
        overlap_strict: overlap,
        mean_exact_distance: 8.0 + (k as f64).ln(),
        mean_returned_distance: 8.1 + (k as f64).ln(),
        relative_distance_error: (1.0 - overlap) * 0.1,
        barycenter_shift: (1.0 - overlap) * 0.5,
        lid_exact: 18.0,
        lid_returned: 18.0 - 2.0 * (1.0 - overlap),
        unreachable: 0.001,
        unvisited: missing,
        tied: 0.0,
        overlap_p1: overlap * 0.5,
        overlap_p5: overlap * 0.7,
        visited: ef as f64 * 12.0,
        robustness_90: if overlap > 0.95 { 0.99 } else { 0.4 },
        queries_with_empty_slots: 1.0 - fill,
        zero_distances: 0.0,
        lcmc: 0.5,
        epsilon_recall: 0.75,
        inverse_ratio: 0.875,
        rank_biased_overlap: 0.625,
        displacement: 0.125,
    }
}

fn published(k: usize, ef: usize, noise: f64) -> PublishedMetrics {
    let (overlap, fill) = (overlap(k, ef, noise), fill(k, ef, noise));
    let empty = ((1.0 - fill) * k as f64 * 10_000.0) as u64;
    PublishedMetrics {
        k,
        ef,
        figures: Figures {
            mean_overlap: overlap,
            mean_exact_dist: (8.0 + (k as f64).ln()).powi(2),
            mean_ann_dist: if empty > 0 {
                f64::from(f32::MAX) * 40.0 / (k as f64 * 1e4)
            } else {
                90.0
            },
            mean_barycenter_shift: (1.0 - overlap) * 0.05,
            mean_lid_diff: 0.1,
            mean_lid_exact: 9.0,
            mean_lid_ann: 9.1,
            artefacts: Artefacts {
                empty_slots: empty,
                rows_with_one_empty_slot: empty.min(40),
                rows_dropped: empty / 10,
                self_not_first: 0,
            },
        },
    }
}

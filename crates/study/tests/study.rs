//! The study's fast paths against plain ones, its bytes against threads and kills, its errors
//! against bad requests.

use annatomy_formats::{OutputFolder, Owner};
use annatomy_hnsw::{
    Answer, DistanceComputer, EngineClass, Graph, Parameters, RankDistances, Traversal, Visits,
};
use annatomy_knn::{PairTable, RankTable};
use annatomy_measures::corrected::{ExactSide, ReturnedList, Scratch, barycenter_shift, measure};
use annatomy_runtime::{Monitor, Progress};
use annatomy_study::config::defaults;
use annatomy_study::results::{Conventions, Settings, StudyKind, StudyResults, csv, order};
use annatomy_study::{Execution, Start, Study};
use annatomy_vectors::{Matrix, Metric, PointId};
use std::path::Path;
use std::sync::{Arc, Mutex};
use study_tables::{StudyTable, study_figures};

#[path = "parts/methods.rs"]
mod methods;
#[path = "../../measures/tests/it/study_tables.rs"]
mod study_tables;

fn small() -> Settings {
    Settings {
        runs: 2,
        subset: Some(400),
        m: 6,
        ef_construction: 20,
        ef_values: vec![3, 8, 40],
        ef_construction_values: vec![8, 20, 30],
        ef_search: 6,
        alpha_values: vec![0.25, 1.0],
        ks: vec![5, 12, 40, 90],
        ..defaults()
    }
}

fn execution(threads: usize) -> Execution {
    Execution {
        threads,
        ..Execution::default()
    }
}

fn run(settings: Settings, threads: usize) -> StudyResults {
    Study::new(settings)
        .expect("settings")
        .run(&execution(threads))
        .expect("results")
}

/// Relative difference, 0 where both are NaN or the same infinity.
fn difference(a: f64, b: f64) -> f64 {
    if a == b || (a.is_nan() && b.is_nan()) {
        0.0
    } else {
        (a - b).abs() / a.abs().max(b.abs())
    }
}

/// Rows as the study saw them, with duplicates among them when asked.
fn rows(folder: &Path, duplicates: bool) -> (Matrix, String) {
    let mut rows = annatomy_builtin::resnet50_like(300, 5).expect("rows");
    if duplicates {
        for copy in 0..40 {
            let original = rows.row(7 * copy % 90).to_vec();
            rows.row_mut(299 - copy).copy_from_slice(&original);
        }
    }
    let path = folder.join("rows.npy");
    annatomy_formats::write_matrix(&path, rows.view()).expect("file");
    (rows, path.display().to_string())
}

/// One condition computed the plain way: tables of ids and distances, then the reference forms of
/// every measure.
fn against_plain_forms(duplicates: bool) {
    let folder = tempfile::tempdir().expect("folder");
    let (rows, data) = rows(folder.path(), duplicates);
    let settings = Settings {
        data,
        subset: None,
        runs: 1,
        ..small()
    };
    let results = run(settings.clone(), 2);
    let largest_k = 90;
    let table = PairTable::new(rows.view(), Metric::L2, largest_k).expect("table");
    let ranks = RankTable::new(&table).expect("ranks");
    let oracle = RankDistances(&ranks);
    for condition in &results.runs[0].conditions {
        let graph_of = |ef_construction| {
            Graph::build(
                &oracle,
                &Parameters::faiss(settings.m, ef_construction, settings.seed),
            )
            .expect("graph")
        };
        let (corrected, published) = (
            graph_of(condition.ef_construction),
            graph_of(condition.published_ef_construction),
        );
        for (measured, metrics) in condition.corrected.iter().zip(&condition.published) {
            let what = format!("{} at k = {}", condition.condition, measured.k);
            let plain =
                plain_corrected(&rows, &table, &oracle, &corrected, measured.ef, measured.k);
            let found = [
                measured.fill,
                measured.overlap,
                measured.overlap_strict,
                measured.mean_returned_distance,
                measured.relative_distance_error,
                measured.lid_returned,
                measured.barycenter_shift,
            ];
            for (index, (a, b)) in found.into_iter().zip(plain).enumerate() {
                let bound = if index == 6 { 2e-4 } else { 1e-5 };
                assert!(
                    difference(a, b) <= bound,
                    "{what}, figure {index}: {a} against {b}"
                );
            }
            let missing = measured.unreachable + measured.unvisited + measured.tied;
            assert!(
                (missing - measured.k as f64 * (1.0 - measured.overlap_strict)).abs() < 1e-9,
                "{what}: causes"
            );
            let plain = plain_published(&rows, &table, &oracle, &published, metrics.ef, metrics.k);
            assert_eq!(
                metrics.figures.artefacts.empty_slots, plain.artefacts.empty_slots,
                "{what}"
            );
            assert_eq!(
                metrics.figures.artefacts.rows_dropped, plain.artefacts.rows_dropped,
                "{what}"
            );
            assert_eq!(
                metrics.figures.artefacts.self_not_first, plain.artefacts.self_not_first,
                "{what}"
            );
            assert!(
                difference(metrics.figures.mean_overlap, plain.mean_overlap) < 1e-12,
                "{what}: overlap"
            );
            for (a, b, bound) in [
                (metrics.figures.mean_exact_dist, plain.mean_exact_dist, 1e-6),
                (metrics.figures.mean_ann_dist, plain.mean_ann_dist, 1e-6),
                (metrics.figures.mean_lid_exact, plain.mean_lid_exact, 2e-6),
                (metrics.figures.mean_lid_ann, plain.mean_lid_ann, 2e-6),
                (
                    metrics.figures.mean_barycenter_shift,
                    plain.mean_barycenter_shift,
                    2e-4,
                ),
            ] {
                assert!(difference(a, b) <= bound, "{what}: {a} against {b}");
            }
        }
    }
}

fn plain_corrected(
    rows: &Matrix,
    table: &PairTable,
    oracle: &RankDistances<'_>,
    graph: &Graph,
    ef: usize,
    k: usize,
) -> [f64; 7] {
    let mut sums = [(0.0, 0usize); 7];
    let (mut traversal, mut visits) = (Traversal::default(), Visits::default());
    for query in 0..rows.rows() {
        traversal.record(graph, oracle.scorer(query as u32), ef, &mut visits);
        let distance = |id: &u32| table.distance(table.row(query)[*id as usize]);
        let ids: Vec<u32> = visits
            .rows(Answer::Rows {
                visited: visits.visited(ef),
                rows: k + 1,
            })
            .filter(|&id| id as usize != query)
            .take(k)
            .collect();
        let points = |ids: &[u32]| ids.iter().map(|&id| PointId(id)).collect::<Vec<_>>();
        let exact: Vec<u32> = table
            .nearest(query)
            .iter()
            .copied()
            .filter(|&id| id as usize != query)
            .collect();
        let side = ExactSide::new(&exact.iter().map(distance).collect::<Vec<_>>());
        let slots: Vec<Option<PointId>> = ids.iter().map(|&id| Some(PointId(id))).collect();
        let distances: Vec<f32> = ids.iter().map(distance).collect();
        let list = ReturnedList::new(
            Some(PointId(query as u32)),
            &points(&exact),
            &slots,
            &distances,
        );
        let mut measures = Vec::new();
        measure(
            &side,
            list.side(),
            &[k],
            &mut Scratch::default(),
            &mut measures,
        );
        let values = [
            measures[0].fill(),
            measures[0].overlap(),
            measures[0].overlap_strict(),
            measures[0].mean_returned_distance,
            measures[0].relative_distance_error,
            measures[0].lid_returned,
            barycenter_shift(rows.view(), &points(&exact[..k]), &points(&ids)),
        ];
        for (sum, value) in sums
            .iter_mut()
            .zip(values)
            .filter(|(_, value)| !value.is_nan())
        {
            *sum = (sum.0 + value, sum.1 + 1);
        }
    }
    sums.map(|(sum, count)| sum / count as f64)
}

fn plain_published(
    rows: &Matrix,
    table: &PairTable,
    oracle: &RankDistances<'_>,
    graph: &Graph,
    ef: usize,
    k: usize,
) -> annatomy_measures::published::Figures {
    let columns = k + 1;
    let (mut traversal, mut visits) = (Traversal::default(), Visits::default());
    let (mut exact_ids, mut exact_values, mut ids, mut values) = (vec![], vec![], vec![], vec![]);
    for query in 0..rows.rows() {
        let separation = |id: &u32| table.row(query)[*id as usize];
        exact_ids.extend(
            table.nearest(query)[..columns]
                .iter()
                .map(|&id| i64::from(id)),
        );
        exact_values.extend(table.nearest(query)[..columns].iter().map(separation));
        traversal.record(graph, oracle.scorer(query as u32), ef, &mut visits);
        let found: Vec<u32> = visits
            .rows(visits.answer(EngineClass::StopEarly, ef, columns))
            .collect();
        ids.extend(
            found
                .iter()
                .map(|&id| i64::from(id))
                .chain(std::iter::repeat_n(-1, columns - found.len())),
        );
        values.extend(
            found
                .iter()
                .map(separation)
                .chain(std::iter::repeat_n(f32::MAX, columns - found.len())),
        );
    }
    let exact = StudyTable::new(columns, &exact_ids, &exact_values);
    let returned = StudyTable::new(columns, &ids, &values);
    study_figures(rows.view(), &exact, &returned, k)
}

#[test]
fn fast_paths_agree_with_plain_forms() {
    against_plain_forms(false);
}

#[test]
fn fast_paths_agree_with_plain_forms_on_duplicates() {
    against_plain_forms(true);
}

#[test]
fn the_same_seed_gives_the_same_bytes_at_any_thread_count() {
    for conventions in [Conventions::Corrected, Conventions::Published] {
        let text = |threads| {
            csv::text(&run(
                Settings {
                    conventions,
                    ..small()
                },
                threads,
            ))
        };
        let one = text(1);
        assert_eq!(one, text(2));
        assert_eq!(one, text(7));
        assert_eq!(one.lines().count(), 1 + 2 * 8 * 4, "runs × conditions × k");
    }
}

/// Without a table of all pairs the same study comes out, up to the rounding of separations.
#[test]
fn a_small_memory_budget_changes_nothing_that_matters() {
    let with = run(small(), 2);
    let without = Study::new(small())
        .expect("settings")
        .run(&Execution {
            threads: 2,
            memory_budget_bytes: 0,
        })
        .expect("results");
    for (a, b) in with.runs[0]
        .conditions
        .iter()
        .zip(&without.runs[0].conditions)
    {
        for (a, b) in a.corrected.iter().zip(&b.corrected) {
            assert!((a.overlap - b.overlap).abs() < 0.01 && (a.fill - b.fill).abs() < 0.01);
            assert!(difference(a.mean_returned_distance, b.mean_returned_distance) < 1e-2);
        }
    }
}

#[test]
fn sampled_queries_estimate_the_whole() {
    let whole = run(Settings { runs: 1, ..small() }, 2);
    let sampled = run(
        Settings {
            runs: 1,
            sample: Some(60),
            ..small()
        },
        2,
    );
    assert_eq!(sampled.runs[0].data.queries, 60);
    let overlap = |results: &StudyResults| results.runs[0].conditions[1].corrected[2].overlap;
    assert!((overlap(&whole) - overlap(&sampled)).abs() < 0.1);
}

#[test]
fn cosine_is_scale_free() {
    let folder = tempfile::tempdir().expect("folder");
    let (mut rows, data) = rows(folder.path(), false);
    let settings = Settings {
        data,
        subset: None,
        runs: 1,
        metric: Metric::Cosine,
        ..small()
    };
    let plain = csv::text(&run(settings.clone(), 2));
    for row in 0..rows.rows() {
        let factor = [0.25, 1.0, 2.0, 8.0][row % 4];
        rows.row_mut(row)
            .iter_mut()
            .for_each(|value| *value *= factor);
    }
    annatomy_formats::write_matrix(folder.path().join("rows.npy"), rows.view()).expect("file");
    assert_eq!(
        plain,
        csv::text(&run(settings, 2)),
        "powers of two change no direction, to the bit"
    );
}

/// Collects what the user must see.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Progress for Warnings {
    fn stage(&self, _name: &str, _total: u64) {}

    fn warn(&self, line: &str) {
        self.0.lock().expect("no panic").push(line.to_owned());
    }
}

/// The results of `settings` in the folder `out`, and what the user was warned of.
fn run_in(settings: Settings, out: &Path, start: Start) -> Result<(StudyResults, String), String> {
    let study = Study::new(settings).map_err(|error| error.to_string())?;
    let folder = OutputFolder::claim(out, Owner::STUDY).map_err(|error| error.to_string())?;
    let warnings = Warnings::default();
    let monitor = Monitor::with_progress(warnings.clone());
    let results = monitor.observe(|| study.run_in(&folder, start, &execution(2)));
    let results = results.expect("not cancelled");
    let said = warnings.0.lock().expect("no panic").join("\n");
    Ok((results.map_err(|error| error.to_string())?, said))
}

/// A study of two runs that takes no time.
fn tiny() -> Settings {
    Settings {
        subset: Some(60),
        ef_values: vec![3],
        ks: vec![5, 12],
        studies: vec![StudyKind::EfSearch],
        ..small()
    }
}

#[test]
fn a_killed_study_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    let (whole, _) = run_in(small(), &out, Start::Afresh).expect("results");
    std::fs::remove_file(out.join("records/run01.bin")).expect("the second run had not finished");
    let (resumed, said) = run_in(small(), &out, Start::Resume).expect("results");
    assert_eq!(csv::text(&whole), csv::text(&resumed));
    assert_eq!(
        whole.runs[0].seconds, resumed.runs[0].seconds,
        "the first run was kept, not repeated"
    );
    assert_eq!(said, "");
}

#[test]
fn one_flipped_bit_in_a_kept_record_is_named_and_the_run_computed_again() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    let (whole, _) = run_in(tiny(), &out, Start::Afresh).expect("results");
    let path = out.join("records/run01.bin");
    let good = std::fs::read(&path).expect("record");
    for place in (0..60).map(|step| step * (good.len() - 1) / 59) {
        let mut bytes = good.clone();
        bytes[place] ^= 1 << (place % 8);
        std::fs::write(&path, &bytes).expect("file");
        let (resumed, said) = run_in(tiny(), &out, Start::Resume).expect("results");
        assert_eq!(csv::text(&whole), csv::text(&resumed), "byte {place}");
        assert!(said.contains("run01.bin cannot be used"), "{said}");
        let (_, said) = run_in(tiny(), &out, Start::Resume).expect("results");
        assert_eq!(said, "", "the new record is whole");
    }
}

#[test]
fn a_record_copied_over_another_is_named_and_the_run_computed_again() {
    let folder = tempfile::tempdir().expect("folder");
    let (out, other) = (folder.path().join("out"), folder.path().join("other"));
    let (whole, _) = run_in(tiny(), &out, Start::Afresh).expect("results");
    let record = |out: &Path, run: usize| out.join(format!("records/run{run:02}.bin"));
    std::fs::copy(record(&out, 0), record(&out, 1)).expect("copy");
    let (resumed, said) = run_in(tiny(), &out, Start::Resume).expect("results");
    assert_eq!(csv::text(&whole), csv::text(&resumed));
    assert!(said.contains("it is of run 0"), "{said}");
    run_in(Settings { seed: 7, ..tiny() }, &other, Start::Afresh).expect("results");
    std::fs::copy(record(&other, 1), record(&out, 1)).expect("copy");
    let (resumed, said) = run_in(tiny(), &out, Start::Resume).expect("results");
    assert_eq!(csv::text(&whole), csv::text(&resumed));
    assert!(said.contains("it is of another study"), "{said}");
}

#[test]
fn a_finished_study_is_used_and_said_to_be() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    let (first, said) = run_in(tiny(), &out, Start::Afresh).expect("results");
    assert_eq!(said, "");
    let (second, said) = run_in(tiny(), &out, Start::Afresh).expect("results");
    assert!(said.contains("holds this very study, finished"), "{said}");
    assert_eq!(first.runs[1].seconds, second.runs[1].seconds);
    std::fs::remove_file(out.join("records/run01.bin")).expect("record");
    let (third, _) = run_in(tiny(), &out, Start::Afresh).expect("results");
    assert_eq!(csv::text(&first), csv::text(&third));
    assert_ne!(
        first.runs[0].seconds, third.runs[0].seconds,
        "an unfinished study begins again"
    );
}

#[test]
fn data_that_changed_between_two_runs_is_named_and_not_mixed() {
    let folder = tempfile::tempdir().expect("folder");
    let (mut rows, data) = rows(folder.path(), false);
    let out = folder.path().join("out");
    let settings = Settings {
        data: data.clone(),
        ..tiny()
    };
    run_in(settings.clone(), &out, Start::Afresh).expect("results");
    std::fs::remove_file(out.join("records/run01.bin")).expect("record");
    // Neither the length nor either end of the file changes.
    rows.row_mut(150)[3] += 1.0;
    annatomy_formats::write_matrix(&data, rows.view()).expect("file");
    let error = run_in(settings, &out, Start::Resume).expect_err("other data");
    assert!(error.contains("rows.npy has changed since"), "{error}");
}

#[test]
fn a_folder_of_another_study_is_left_alone() {
    let folder = tempfile::tempdir().expect("folder");
    let out = folder.path().join("out");
    run_in(tiny(), &out, Start::Resume).expect("results");
    let error =
        run_in(Settings { seed: 7, ..tiny() }, &out, Start::Resume).expect_err("other seed");
    assert!(error.contains("seed is 42 there, 7 here"), "{error}");
    std::fs::write(folder.path().join("notes.txt"), "mine").expect("file");
    let error = run_in(tiny(), folder.path(), Start::Afresh).expect_err("no study");
    assert!(error.contains("holds no study"), "{error}");
}

#[test]
fn more_than_the_memory_can_hold_is_refused_with_the_numbers_before_any_work() {
    let said = |change: fn(&mut Settings)| {
        let mut settings = tiny();
        change(&mut settings);
        Study::new(settings).err().expect("refused").to_string()
    };
    let endless = said(|settings| settings.runs = 9_223_372_036_854_775_807);
    assert!(
        endless.contains("9223372036854775807 runs of 1 conditions × 2 values of k"),
        "{endless}"
    );
    assert!(endless.contains("of memory"), "{endless}");
    let wide = said(|settings| {
        settings.ef_values = (1..=100_000).collect();
        settings.subset = Some(10_000);
        settings.ks = (1..=1_000).collect();
    });
    assert!(wide.contains("100000 conditions"), "{wide}");
    let dense = said(|settings| settings.m = 1_000_000_000_000);
    assert!(dense.contains("of memory"), "{dense}");
}

#[test]
fn impossible_requests_name_their_numbers() {
    let message = |settings: Settings| Study::new(settings).err().expect("refused").to_string();
    assert!(
        message(Settings {
            ks: vec![400],
            ..small()
        })
        .contains("k = 400 neighbors of each of 400 rows")
    );
    assert!(
        message(Settings {
            ef_values: vec![0],
            ..small()
        })
        .contains("ef values is 0")
    );
    assert!(message(Settings { runs: 0, ..small() }).contains("runs is 0"));
    assert!(
        message(Settings {
            sample: Some(500),
            ..small()
        })
        .contains("500")
    );
    assert!(
        message(Settings {
            metric: Metric::InnerProduct,
            ..small()
        })
        .contains("ip")
    );
    assert!(
        message(Settings {
            data: "missing.npy".to_owned(),
            ..small()
        })
        .contains("missing.npy")
    );
}

#[test]
fn the_alpha_experiment_reads_the_graph_each_convention_names() {
    let results = run(Settings { runs: 1, ..small() }, 2);
    let alpha = results.runs[0]
        .conditions
        .iter()
        .find(|c| c.study == StudyKind::Alpha)
        .expect("alpha");
    assert_eq!(
        (alpha.ef_construction, alpha.published_ef_construction),
        (20, 30)
    );
}

/// The run's own graph is one of the design: highest level first, the first seed.
#[test]
fn insertion_orders_hold_the_runs_own_graph_and_do_not_depend_on_threads() {
    let settings = Settings {
        studies: vec![StudyKind::EfSearch, StudyKind::Order],
        subset: Some(300),
        ..small()
    };
    let results = run(settings.clone(), 2);
    assert_eq!(csv::text(&results), csv::text(&run(settings.clone(), 1)));
    let again = run(settings, 1);
    for (record, other) in results.runs.iter().zip(&again.runs) {
        let counts = record.order.as_ref().expect("asked for");
        assert_eq!(Some(counts), other.order.as_ref(), "at any thread count");
        assert_eq!((counts.queries, &*counts.ks), (300, &[12, 40, 90][..]));
        let levels = counts.orders.iter().position(|order| order == "levels");
        let first = levels.expect("FAISS's order") * counts.queries;
        for (row, &ef) in counts.efs.iter().enumerate() {
            let name = format!("ef_{ef}");
            let mut conditions = record.conditions.iter();
            let condition = conditions.find(|c| c.condition == name).expect("an ef");
            for (column, &k) in counts.ks.iter().enumerate() {
                let found = &counts.found[row * counts.ks.len() + column][first..][..300];
                let found: u32 = found.iter().sum();
                let measured = condition.corrected.iter().find(|m| m.k == k);
                let overlap = measured.expect("a k").overlap;
                let mean = f64::from(found) / (300 * k) as f64;
                assert!(
                    (mean - overlap).abs() < 1e-9,
                    "ef {ef}, k {k}: {mean} {overlap}"
                );
            }
        }
    }
    let cells = order::variance(&results)
        .expect("asked for")
        .expect("a design");
    assert_eq!(cells.len(), 9);
    for cell in &cells {
        let shares: f64 = cell.components.iter().map(|c| c.share).sum();
        assert!((shares - 1.0).abs() < 1e-9);
        let all_differ = cell
            .means
            .windows(2)
            .any(|pair| pair[0].overlap != pair[1].overlap);
        assert!(all_differ, "orders differ at ef {}, k {}", cell.ef, cell.k);
    }
}

#[test]
fn insertion_orders_alone_are_a_study() {
    let settings = Settings {
        studies: vec![StudyKind::Order],
        subset: Some(120),
        runs: 1,
        ..small()
    };
    let results = run(settings, 2);
    assert_eq!(results.runs[0].conditions.len(), 0);
    let folder = tempfile::tempdir().expect("folder");
    annatomy_study::results::write_all(folder.path(), &results).expect("files");
    let text = std::fs::read_to_string(folder.path().join("order.csv")).expect("order.csv");
    assert!(
        text.lines()
            .any(|line| line.starts_with("40,90,mean_overlap,lid_down,")),
        "{text}"
    );
}

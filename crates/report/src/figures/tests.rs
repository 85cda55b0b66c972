//! Figures of ordinary and of awkward results: drawn, parsed, rendered, the same each time.

use super::{Figure, all, png, write_all};
use annatomy_hnsw::EngineClass;
use annatomy_study::config::defaults;
use annatomy_study::results::{Settings, StudyResults, SurfaceGrid};
use annatomy_study::{Execution, Study};
use resvg::usvg::{Options, Tree};
use std::sync::LazyLock;

static RESULTS: LazyLock<StudyResults> = LazyLock::new(|| {
    let settings = Settings {
        runs: 2,
        subset: Some(250),
        ks: vec![5, 20, 60, 120],
        ..defaults()
    };
    Study::new(settings)
        .expect("settings")
        .run(&Execution::default())
        .expect("results")
});

fn assert_drawn(figures: &[Figure]) {
    for figure in figures {
        let tree = Tree::from_str(&figure.svg, &Options::default()).expect(&figure.name);
        assert_eq!(
            (tree.size().width(), tree.size().height()),
            (600.0, 400.0),
            "{}",
            figure.name
        );
        assert!(
            !figure.svg.contains("NaN") && !figure.svg.contains("inf"),
            "{}",
            figure.name
        );
        assert!(!figure.title.is_empty() && !figure.caption.is_empty());
    }
}

#[test]
fn every_experiment_has_its_figures() {
    let figures = all(&RESULTS);
    assert_drawn(&figures);
    let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    for study in ["efSearch_study", "efConstruction_study", "alpha_study"] {
        for curve in [
            "overlap",
            "fill",
            "distances",
            "barycenter_shift",
            "lid_difference",
        ] {
            assert!(
                names.contains(&format!("{study}_{curve}").as_str()),
                "{study}_{curve}"
            );
        }
    }
    assert_eq!(names.len(), 3 * 5 + 2);
}

#[test]
fn the_same_results_give_the_same_bytes() {
    assert_eq!(all(&RESULTS), all(&RESULTS));
}

#[test]
fn pictures_have_ink_and_text() {
    let renderer = png::Renderer::new();
    let figure = &all(&RESULTS)[0];
    let with_text = renderer.render(&figure.svg).expect("png");
    assert_eq!(&with_text[..8], b"\x89PNG\r\n\x1a\n");
    let without: String = figure
        .svg
        .lines()
        .filter(|line| !line.starts_with("<text"))
        .collect();
    assert_ne!(
        with_text,
        renderer.render(&without).expect("png"),
        "the embedded font draws"
    );
}

#[test]
fn files_are_written_under_their_names() {
    let folder = tempfile::tempdir().expect("folder");
    write_all(folder.path(), &RESULTS).expect("figures");
    for ending in ["svg", "png"] {
        assert!(
            folder
                .path()
                .join(format!("figures/surface_overlap.{ending}"))
                .exists()
        );
    }
}

#[test]
fn one_run_one_k_and_values_that_are_no_numbers_are_drawn() {
    let mut results = RESULTS.clone();
    results.runs.truncate(1);
    for condition in &mut results.runs[0].conditions {
        condition.corrected.truncate(1);
        condition.published.truncate(1);
        condition.corrected[0].lid_returned = f64::NAN;
        condition.published[0].figures.mean_ann_dist = f64::INFINITY;
    }
    assert_drawn(&all(&results));
    results.runs[0].conditions.clear();
    assert_eq!(
        all(&results).len(),
        2,
        "the surface and the effort stand without conditions"
    );
    results.runs.clear();
    assert!(all(&results).is_empty());
}

#[test]
fn a_million_cells_are_a_page_not_a_million_shapes() {
    let (efs, ks): (Vec<usize>, Vec<usize>) = ((1..=2_000).collect(), (1..=500).collect());
    let cells = || {
        efs.iter()
            .flat_map(|&ef| ks.iter().map(move |&k| (ef as f64 / k as f64).min(1.0)))
            .collect()
    };
    let grid = SurfaceGrid {
        overlap: cells(),
        fill: cells(),
        visited: vec![0.0; efs.len()],
        required_ef: vec![[None; 3]; ks.len()],
        ties: Vec::new(),
        efs,
        ks,
    };
    let figure = super::surface(&grid, EngineClass::StopEarly).expect("figure");
    assert!(figure.svg.len() < 600_000, "{} bytes", figure.svg.len());
    assert!(
        figure.caption.contains("of 1000000 pairs"),
        "{}",
        figure.caption
    );
    assert_drawn(&[figure]);
}

//! The complete page, over studies made up and unusual.

use super::fixture::study;
use super::{Illustration, html, html_with, write};
use annatomy_study::results::methods::{
    CodesName, ExactGeometry, MethodCurve, MethodName, MethodPoint, MethodsRun,
};
use annatomy_study::results::order::OrderCounts;
use annatomy_study::results::{Artefacts, StudyKind, StudyResults};

fn grid() -> Vec<usize> {
    (1..=50).map(|step| step * 10).collect()
}

/// The page's words without its elements, spaces alike.
fn words(page: &str) -> String {
    let body = page.split_once("</head>").map_or(page, |(_, body)| body);
    let mut inside = false;
    let text: String = body
        .chars()
        .filter(|&character| {
            inside = (inside || character == '<') && character != '>';
            !inside && character != '>'
        })
        .collect();
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let page = html(&study(2, &grid()));
    for forbidden in ["src=", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for (place, _) in page.match_indices("http") {
        assert!(
            page[..place].ends_with("<a href=\""),
            "{}",
            &page[place.saturating_sub(20)..place + 30]
        );
    }
}

/// Overlap of .50 to .55 by order, of which each query has as much again.
fn with_orders(mut study: StudyResults) -> StudyResults {
    for run in &mut study.runs {
        let names = ["as_given", "shuffled", "lid_down"];
        let graphs = 2 * names.len();
        let of_graph =
            |graph: usize| (0..10).map(move |query| (50 + 2 * (graph % 3) + query) as u32);
        run.order = Some(OrderCounts {
            efs: vec![25],
            ks: vec![100],
            seeds: 2,
            orders: names.map(str::to_owned).to_vec(),
            queries: 10,
            found: vec![(0..graphs).flat_map(of_graph).collect()],
        });
    }
    study
}

#[test]
fn insertion_orders_are_compared_where_they_were_studied() {
    assert!(!html(&study(2, &grid())).contains("id=\"order\""));
    for runs in [1, 2] {
        let text = words(&html(&with_orders(study(runs, &grid()))));
        let said = "moves mean overlap most at ef 25, k = 100: from .545 (as given) to .585 (highest LID first)";
        assert!(text.contains(said), "{text}");
        // Variances 4 of orders and 9.17 of queries.
        assert!(
            text.contains("69.6 % is the query’s own on every graph, 30.4 % is the graph’s"),
            "{text}"
        );
    }
}

/// Each missing neighbor shifts the barycenter by `bend`; overlap is .75, .85, … up to `most`.
fn curve(method: MethodName, codes: CodesName, bend: f64, most: f64) -> MethodCurve {
    let point = |effort: usize| {
        let overlap = (0.65 + 0.1 * effort as f64).min(most);
        MethodPoint {
            effort,
            k: 50,
            fill: 1.0,
            overlap,
            overlap_strict: overlap,
            relative_distance_error: 0.2 * (1.0 - overlap),
            barycenter_shift: bend * (1.0 - overlap),
            lid_exact: 10.0,
            lid_returned: 10.0,
            skewness: 2.0,
            robin_hood: 0.5,
            displacement: 0.0,
            evaluations: 100.0 * effort as f64,
            bytes: 5e4 * effort as f64,
        }
    };
    MethodCurve {
        method,
        codes,
        code_bytes: 8,
        points: (1..=4).map(point).collect(),
    }
}

/// HNSW and IVF over float32, the latter with `bend` times the shift; and HNSW over product codes.
fn with_methods(mut study: StudyResults, bend: f64) -> StudyResults {
    for (wobble, run) in [0.001, -0.001].into_iter().cycle().zip(&mut study.runs) {
        run.methods = Some(MethodsRun {
            queries: 9,
            exact: vec![ExactGeometry {
                k: 50,
                skewness: 1.5,
                robin_hood: 0.4,
            }],
            curves: vec![
                curve(MethodName::Hnsw, CodesName::Float32, 1.0, 1.0),
                curve(MethodName::Ivf, CodesName::Float32, bend + wobble, 1.0),
                curve(MethodName::Hnsw, CodesName::Product, 1.0, 0.82),
            ],
        });
    }
    study
}

#[test]
fn methods_are_compared_where_they_were_studied() {
    assert!(!html(&study(2, &grid())).contains("id=\"methods\""));
    let text = words(&html(&with_methods(study(2, &grid()), 1.5)));
    let differ = "HNSW, Vamana and IVF differ in barycenter shift (most at k = 50, overlap .800: HNSW 0.200, IVF 0.300";
    assert!(text.contains(differ), "{text}");
    assert!(
        text.contains("They agree in relative distance error"),
        "{text}"
    );
    assert!(
        text.contains("No effort finds more than HNSW over PQ .820 (k = 50)"),
        "{text}"
    );
    let text = words(&html(&with_methods(study(2, &grid()), 1.0)));
    assert!(text.contains("leave the same neighborhood: 0 of"), "{text}");
    let one = words(&html(&with_methods(study(1, &grid()), 1.5)));
    assert!(one.contains("One run has no interval"), "{one}");
    let said = crate::methods_verdict(&with_methods(study(2, &grid()), 1.5)).expect("methods");
    assert!(said.contains("k = 50") && !said.contains('*'), "{said}");
    assert_eq!(crate::methods_verdict(&study(2, &grid())), None);
}

#[test]
fn every_section_is_there() {
    let page = html(&study(2, &grid()));
    let ids = [
        "efSearch_study",
        "efConstruction_study",
        "alpha_study",
        "surface",
        "breakpoints",
        "conventions",
        "engines",
    ];
    let places = ids
        .into_iter()
        .chain(["tail", "data", "settings", "definitions"]);
    let places: Vec<usize> = places
        .map(|id| {
            page.find(&format!("<section id=\"{id}\""))
                .unwrap_or_else(|| panic!("{id}"))
        })
        .collect();
    assert!(places.is_sorted(), "in order");
}

#[test]
fn elements_are_closed_in_order() {
    let page = html(&study(2, &grid()));
    let mut open: Vec<&str> = Vec::new();
    for piece in page.split('<').skip(1) {
        let tag = piece.split(['>', ' ']).next().expect("a tag");
        match tag.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None if ["!DOCTYPE", "meta"].contains(&tag) => {}
            None if piece
                .split('>')
                .next()
                .is_some_and(|element| element.ends_with('/')) => {}
            None => open.push(tag),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn numbers_are_those_of_the_model() {
    // In the fixture slots go empty beyond 3.6 × ef: at 25, from k = 100 on. Runs differ by 1 % in
    // k/ef.
    let mut results = study(1, &grid());
    results.runs[0].conditions[0].corrected[49].overlap = 0.123;
    let text = words(&html(&results));
    assert!(
        text.contains("At ef_search 25 the first empty slots appear at k = 100 (4.0 × ef); before that, overlap fell below .95"),
        "{text}"
    );
    assert!(text.contains("to .123 at k = 500"), "{text}");
    let empty: u64 = results.runs[0]
        .conditions
        .iter()
        .flat_map(|condition| &condition.published)
        .map(|metrics| metrics.figures.artefacts.empty_slots)
        .sum();
    assert!(
        text.contains(&crate::text::number::count(empty).replace('\u{202f}', " ")),
        "{empty}"
    );
    assert!(
        text.contains("have LID 9.00 as published and 18.0 over distances, a ratio of 0.500"),
        "{text}"
    );
}

#[test]
fn zero_counts_are_said_to_be_zero() {
    let mut results = study(2, &[10, 20]);
    for condition in results.runs.iter_mut().flat_map(|run| &mut run.conditions) {
        condition
            .corrected
            .iter_mut()
            .for_each(|m| (m.fill, m.overlap) = (1.0, 1.0));
        condition
            .published
            .iter_mut()
            .map(|p| &mut p.figures)
            .for_each(|p| (p.artefacts, p.mean_ann_dist) = (Artefacts::default(), 80.0));
    }
    let text = words(&html(&results));
    assert!(text.contains("in this study there was none"), "{text}");
    assert!(text.contains("here no row was dropped"), "{text}");
    assert!(text.contains("in this study it was always there"), "{text}");
    assert!(
        !text.contains("cliff") && !text.contains("first empty slots appear"),
        "{text}"
    );
    assert!(
        text.contains("At no fixed effort did a slot come back empty"),
        "{text}"
    );
}

#[test]
fn alpha_claims_only_what_holds() {
    let mut results = study(1, &[10, 50, 100]);
    let mut say = |overlaps: [f64; 5]| {
        let alphas = results.runs[0]
            .conditions
            .iter_mut()
            .filter(|condition| condition.study == StudyKind::Alpha);
        for (condition, overlap) in alphas.zip(overlaps) {
            condition
                .corrected
                .iter_mut()
                .for_each(|m| m.overlap = overlap);
        }
        words(&html(&results))
    };
    let text = say([0.8, 0.9, 0.995, 0.999, 1.0]);
    assert!(
        text.contains(
            "α ≥ 1 keeps mean overlap ≥ .99 at every k; α = 0.5 does not (.900 at k = 10)"
        ),
        "{text}"
    );
    assert!(say([0.8, 0.9, 0.995, 0.98, 1.0]).contains("α = 4, the largest tried, keeps"));
    assert!(say([0.8, 0.9, 0.995, 0.98, 0.97]).contains("no α tried keeps"));
}

#[test]
fn a_better_graph_is_praised_only_where_it_helps() {
    let say = |leaves: [usize; 5]| {
        let mut results = study(1, &grid());
        let conditions = &mut results.runs[0].conditions;
        let graphs = conditions
            .iter_mut()
            .filter(|condition| condition.study == StudyKind::EfConstruction);
        for (condition, place) in graphs.zip(leaves) {
            condition
                .corrected
                .iter_mut()
                .for_each(|m| m.overlap = if m.k < place { 0.95 } else { 0.9 });
        }
        words(&html(&results))
    };
    assert!(
        say([50, 60, 70, 80, 90])
            .contains("A better graph delays it: from ef_construction 50 to 400")
    );
    assert!(
        say([90, 60, 70, 80, 90])
            .contains("A larger ef_construction does not always delay it: for 50, 100, 200")
    );
    assert!(say([500, 500, 490, 500, 500]).contains("ef_construction hardly matters here"));
}

#[test]
fn odd_studies_do_not_panic() {
    let empty = StudyResults {
        runs: Vec::new(),
        ..study(1, &[10])
    };
    assert!(html(&empty).contains("No run is finished"));
    html(&study(1, &[10]));
    html(&study(3, &[7, 13]));
    for kind in [
        StudyKind::EfSearch,
        StudyKind::EfConstruction,
        StudyKind::Alpha,
    ] {
        let mut one = study(2, &grid());
        one.runs
            .iter_mut()
            .for_each(|run| run.conditions.retain(|condition| condition.study == kind));
        assert!(html(&one).contains(kind.folder()));
    }
    for value in [f64::NAN, f64::INFINITY, 0.0] {
        let mut odd = study(2, &grid());
        for condition in odd.runs.iter_mut().flat_map(|run| &mut run.conditions) {
            for m in &mut condition.corrected {
                (m.overlap, m.fill, m.lid_exact, m.lid_returned) = (value, value, value, value);
                (m.barycenter_shift, m.mean_returned_distance, m.overlap_p1) =
                    (value, value, value);
            }
            for p in &mut condition.published {
                let p = &mut p.figures;
                (
                    p.mean_ann_dist,
                    p.mean_lid_exact,
                    p.mean_lid_ann,
                    p.mean_overlap,
                ) = (value, value, value, value);
            }
        }
        let text = words(&html(&odd));
        assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut results = study(1, &[10, 20]);
    results.settings.data = "<script>alert('*x*')</script>\"&.npy".to_owned();
    results.machine.processor = "<img src=x>".to_owned();
    let page = html(&results);
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("<b>`"));
    assert!(page.contains("&lt;script&gt;alert(&#39;*x*&#39;)&lt;/script&gt;&quot;&amp;.npy"));
    assert!(!page.contains("synthetic"), "said of built-in data alone");
}

#[test]
fn figures_stand_in_their_sections() {
    let svg = "<?xml version=\"1.0\"?><svg viewBox=\"0 0 1 1\"></svg>";
    let figure = |name| Illustration {
        name,
        title: "A < B",
        caption: "",
        svg,
    };
    let page = html_with(
        &study(1, &[10, 20]),
        &[
            figure("surface_overlap"),
            figure("alpha_study_fill"),
            figure("other"),
        ],
    );
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(!page.contains("<?xml") && page.contains("A &lt; B"));
    assert!(page.find("<svg") > page.find("<section id=\"alpha_study\""));
}

#[test]
fn the_file_holds_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let results = study(1, &[10, 20]);
    let out = folder.path().join("new");
    write(&out, &results).expect("writable");
    assert_eq!(
        std::fs::read_to_string(out.join("report.html")).expect("readable"),
        html(&results)
    );
}

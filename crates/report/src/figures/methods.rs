//! The study of methods: each measure against the percentage of neighbors that is missing, and overlap
//! against cost.

use super::Figure;
use super::chart::{Chart, Line, Panel, Point};
use super::palette::line_color;
use super::scale::Spacing;
use annatomy_measures::estimate::Estimate;
use annatomy_study::results::StudyResults;
use annatomy_study::results::methods::{
    Bent, CodesName, ExactGeometry, MethodName, MethodPoint, MethodsRun,
};

/// Percentages of missing neighbors that are drawn.
const DRAWN: std::ops::RangeInclusive<f64> = 0.5..=30.0;

/// Reads a value of one point.
type Read<'f> = &'f dyn Fn(&MethodPoint, &ExactGeometry) -> f64;

/// One line per system, in every run.
struct Curves<'r> {
    runs: Vec<&'r MethodsRun>,
    /// Which k, by place.
    place: usize,
    systems: Vec<(String, MethodName, CodesName)>,
}

/// All figures of the study of methods, at its middle k; none where it was not asked for.
pub(super) fn figures(results: &StudyResults) -> Vec<Figure> {
    let runs = results.runs.iter().map(|run| run.methods.as_ref());
    let Some(runs) = runs.collect::<Option<Vec<&MethodsRun>>>() else {
        return Vec::new();
    };
    let Some(first) = runs.first() else {
        return Vec::new();
    };
    let place = first.exact.len() / 2;
    let Some(k) = first.exact.get(place).map(|exact| exact.k) else {
        return Vec::new();
    };
    let methods = MethodName::ALL.map(|method| {
        let label = method.name().to_owned();
        (label, method, CodesName::Float32)
    });
    let codes = CodesName::ALL.map(|codes| {
        let label = codes.name().to_owned();
        (label, MethodName::Hnsw, codes)
    });
    let curves = |systems: &[(String, MethodName, CodesName)]| Curves {
        runs: runs.clone(),
        place,
        systems: systems.to_vec(),
    };
    let (methods, codes) = (curves(&methods), curves(&codes));
    vec![
        methods.bent(
            "methods_geometry",
            "What a missing neighbor bends, by method",
            k,
            &GEOMETRY,
        ),
        methods.bent("methods_ranks", "Hubs and ranks, by method", k, &RANKS),
        codes.bent(
            "methods_codes",
            "What a missing neighbor bends, by codes",
            k,
            &GEOMETRY,
        ),
        methods.cost("methods_cost", "Recall and cost, by method", k),
        codes.cost("methods_codes_cost", "Recall and cost, by codes", k),
    ]
}

const GEOMETRY: [(Bent, &str); 3] = [
    (Bent::BarycenterShift, "barycenter shift"),
    (Bent::LidBias, "LID bias"),
    (Bent::RelativeDistanceError, "relative distance error"),
];

const RANKS: [(Bent, &str); 3] = [
    (Bent::SkewnessChange, "skewness, change"),
    (Bent::RobinHoodChange, "Robin Hood index, change"),
    (Bent::Displacement, "rank displacement"),
];

impl Curves<'_> {
    /// Measures against the share that is missing.
    fn bent(&self, name: &str, title: &str, k: usize, bent: &[(Bent, &str)]) -> Figure {
        let panels = bent.iter().map(|&(bent, heading)| {
            let read = move |point: &MethodPoint, exact: &ExactGeometry| {
                if DRAWN.contains(&missing(point, exact)) {
                    bent.of(point, exact)
                } else {
                    f64::NAN
                }
            };
            Panel {
                heading: heading.to_owned(),
                x_name: "% missing",
                x_spacing: Spacing::Logarithmic,
                spacing: Spacing::Linear,
                include: vec![0.0],
                lines: self.lines(&missing, &read),
            }
        });
        let over = if self.systems[0].2 == self.systems[1].2 {
            "over float32 rows"
        } else {
            "HNSW over four kinds of codes"
        };
        figure(
            (name, title),
            format!(
                "At k = {k}, {over}: a point per search effort, by the percentage of exact neighbors that it misses. Lines that lie on one \
                 another bend the neighborhood alike at equal recall. Bands: 95 % over runs."
            ),
            (
                "% of the exact neighbors missing (log axis)",
                "0 is faithful",
            ),
            panels.collect(),
        )
    }

    /// Overlap against evaluations and bytes.
    fn cost(&self, name: &str, title: &str, k: usize) -> Figure {
        let overlap = |point: &MethodPoint, _: &ExactGeometry| point.overlap;
        let panel = |heading: &str, x_name: &'static str, x: Read<'_>| Panel {
            heading: heading.to_owned(),
            x_name,
            x_spacing: Spacing::Logarithmic,
            spacing: Spacing::Linear,
            include: vec![1.0],
            lines: self.lines(x, &overlap),
        };
        let panels = vec![
            panel(
                "by distances evaluated a query",
                "evaluations",
                &|point, _| point.evaluations,
            ),
            panel("by bytes read a query", "bytes", &|point, _| point.bytes),
        ];
        figure(
            (name, title),
            format!(
                "Overlap at k = {k} and what it costs: distances evaluated, centroids and upper layers counted; bytes of codes, links, \
                 centroids and codebooks read."
            ),
            (
                "cost of a query (log axis)",
                "share of the exact k neighbors that came back",
            ),
            panels,
        )
    }

    fn lines(&self, x: Read<'_>, y: Read<'_>) -> Vec<Line> {
        let line = |(index, system): (usize, &(String, MethodName, CodesName))| Line {
            label: system.0.clone(),
            color: line_color(index, self.systems.len()),
            dashes: "",
            points: self.points((system.1, system.2), x, y),
            effort: None,
        };
        self.systems.iter().enumerate().map(line).collect()
    }

    /// A point per effort: means over runs.
    fn points(&self, system: (MethodName, CodesName), x: Read<'_>, y: Read<'_>) -> Vec<Point> {
        let of_run = |run: &&MethodsRun| {
            let exact = run.exact[self.place];
            let points = run.curve(system.0, system.1, exact.k).into_iter();
            points
                .map(|point| (x(point, &exact), y(point, &exact)))
                .collect::<Vec<_>>()
        };
        let runs: Vec<Vec<(f64, f64)>> = self.runs.iter().map(of_run).collect();
        let efforts = runs.iter().map(Vec::len).min().unwrap_or(0);
        let point = |effort: usize| {
            let column = |read: fn(&(f64, f64)) -> f64| -> Vec<f64> {
                runs.iter().map(|run| read(&run[effort])).collect()
            };
            let estimate = Estimate::of(&column(|point| point.1));
            let estimate = estimate.filter(|estimate| estimate.n == runs.len());
            Point {
                x: Estimate::of(&column(|point| point.0)).map_or(f64::NAN, |x| x.point),
                y: estimate.map_or(f64::NAN, |estimate| estimate.point),
                interval: estimate.and_then(|estimate| Some((estimate.low?, estimate.high?))),
            }
        };
        (0..efforts).map(point).collect()
    }
}

fn missing(point: &MethodPoint, _: &ExactGeometry) -> f64 {
    100.0 * (1.0 - point.overlap)
}

fn figure(
    (name, title): (&str, &str),
    caption: String,
    (x_title, y_title): (&str, &str),
    panels: Vec<Panel>,
) -> Figure {
    let chart = Chart {
        title: title.to_owned(),
        x_title: x_title.to_owned(),
        y_title: y_title.to_owned(),
        panels,
    };
    Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        caption,
        svg: chart.draw(),
    }
}

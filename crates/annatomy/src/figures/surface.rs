//! The (ef, k) surface as a heat map: overlap by color, where slots go empty and where ef = k as lines.

use super::Figure;
use super::chart::significant;
use super::palette::surface_color;
use super::svg::{Anchor, HEIGHT, INK, MUTED, Stroke, Svg, Text, WIDTH};
use crate::results::StudyResults;

const LEFT: f64 = 70.0;
const RIGHT: f64 = WIDTH - 110.0;
const TOP: f64 = 78.0;
const BOTTOM: f64 = HEIGHT - 56.0;
/// Fill above this counts as full.
const FULL: f64 = 1.0 - 1e-9;

/// Overlap and fill averaged over runs.
struct Grid<'r> {
    efs: &'r [usize],
    ks: &'r [usize],
    overlap: Vec<f64>,
    fill: Vec<f64>,
}

/// `surface_overlap`, unless there is nothing to draw.
pub(super) fn figure(results: &StudyResults) -> Option<Figure> {
    let first = &results.runs.first()?.surface;
    let mean = |read: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        let runs = results.runs.len();
        (0..first.overlap.len()).map(|cell| (0..runs).map(|run| read(run, cell)).sum::<f64>() / runs as f64).collect()
    };
    let grid = Grid {
        efs: &first.efs,
        ks: &first.ks,
        overlap: mean(&|run, cell| results.runs[run].surface.overlap[cell]),
        fill: mean(&|run, cell| results.runs[run].surface.fill[cell]),
    };
    if grid.efs.is_empty() || grid.ks.is_empty() {
        return None;
    }
    Some(Figure {
        name: "surface_overlap".to_owned(),
        title: "Overlap over ef_search and k".to_owned(),
        caption:
            "Every (ef, k) of the configured graph under the stop-early rule, from one traversal per query. Right of \
                  the solid line slots come back empty; the dashed line is ef = k."
                .to_owned(),
        svg: grid.draw(),
    })
}

impl Grid<'_> {
    fn draw(&self) -> String {
        let title = "Overlap over ef_search and k";
        let mut svg = Svg::new(title);
        svg.text(&Text::new(24.0, 32.0, title).size(16.0).fill(INK).bold());
        svg.text(&Text::new(24.0, 53.0, "ef_search").size(12.0));
        for (row, &ef) in self.efs.iter().enumerate() {
            let (top, height) = (self.top(row), self.height());
            svg.text(&Text::new(LEFT - 8.0, top + height / 2.0 + 4.0, &ef.to_string()).size(11.0).anchor(Anchor::End));
            for (column, &k) in self.ks.iter().enumerate() {
                let cell = row * self.ks.len() + column;
                let (overlap, fill) = (significant(self.overlap[cell]), significant(self.fill[cell]));
                let tooltip = format!("ef {ef}, k {k}: overlap {overlap}, fill {fill}");
                let place = [self.left(column), top, self.width() + 0.3, height + 0.3];
                svg.rectangle(place, &surface_color(self.overlap[cell]), &tooltip);
            }
        }
        self.draw_k_axis(&mut svg);
        svg.polyline(
            &self.steps(&|row, column| self.fill[row * self.ks.len() + column] >= FULL),
            Stroke::solid(INK, 2.2),
        );
        let below = self.steps(&|row, column| self.ks[column] <= self.efs[row]);
        svg.polyline(&below, Stroke { color: INK, width: 1.4, dashes: "5 4" });
        draw_color_bar(&mut svg);
        svg.finish()
    }

    /// The border between the columns for which `inside` holds, from the left, and the rest, row by row downward.
    fn steps(&self, inside: &dyn Fn(usize, usize) -> bool) -> Vec<(f64, f64)> {
        let mut border = Vec::new();
        for row in (0..self.efs.len()).rev() {
            let columns = (0..self.ks.len()).take_while(|&column| inside(row, column)).count();
            let x = LEFT + columns as f64 * self.width();
            border.push((x, self.top(row)));
            border.push((x, self.top(row) + self.height()));
        }
        border
    }

    fn draw_k_axis(&self, svg: &mut Svg) {
        let stride = self.ks.len().div_ceil(10);
        for (column, k) in self.ks.iter().enumerate().filter(|(column, _)| (column + 1) % stride == 0) {
            let middle = self.left(column) + self.width() / 2.0;
            svg.text(&Text::new(middle, BOTTOM + 18.0, &k.to_string()).anchor(Anchor::Middle));
        }
        let middle = f64::midpoint(LEFT, RIGHT);
        svg.text(&Text::new(middle, HEIGHT - 16.0, "k, neighbors asked for").size(12.0).anchor(Anchor::Middle));
    }

    /// The largest ef is on top.
    fn top(&self, row: usize) -> f64 {
        BOTTOM - (row + 1) as f64 * self.height()
    }

    fn left(&self, column: usize) -> f64 {
        LEFT + column as f64 * self.width()
    }

    fn width(&self) -> f64 {
        (RIGHT - LEFT) / self.ks.len() as f64
    }

    fn height(&self) -> f64 {
        (BOTTOM - TOP) / self.efs.len() as f64
    }
}

fn draw_color_bar(svg: &mut Svg) {
    const STEPS: usize = 60;
    let (left, height) = (RIGHT + 28.0, (BOTTOM - TOP) / STEPS as f64);
    for step in 0..STEPS {
        let top = BOTTOM - (step + 1) as f64 * height;
        svg.rectangle([left, top, 14.0, height + 0.3], &surface_color((step as f64 + 0.5) / STEPS as f64), "");
    }
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let at = BOTTOM - share * (BOTTOM - TOP);
        svg.text(&Text::new(left + 20.0, at + 4.0, &format!("{share}")).fill(MUTED));
    }
    svg.text(&Text::new(left - 4.0, TOP - 10.0, "overlap").size(12.0));
}

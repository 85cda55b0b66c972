//! The (ef, k) surface: overlap as color, the edge of fill = 1, the lines of equal overlap and of
//! ef = k.

use super::Figure;
use super::chart::significant;
use super::palette::surface_color;
use super::scale::{Scale, Spacing};
use super::svg::{Anchor, INK, MUTED, REFERENCE, Stroke, Svg, Text, WIDTH};
use annatomy_hnsw::EngineClass;
use annatomy_study::results::{StudyResults, SurfaceGrid};

/// Left, right, top and bottom of the plot.
const PLOT: [f64; 4] = [58.0, WIDTH - 84.0, 84.0, 348.0];
/// Fill from here on is full; less is an empty slot of some query, not rounding.
const FULL: f64 = 1.0 - 1e-9;
/// Overlap of the line drawn over the colors.
const LEVEL: f64 = 0.95;
/// Most rows and columns drawn: a million cells open in no browser, and a page shows no finer ones.
const DRAWN: usize = 72;

/// Means over runs.
struct Surface {
    efs: Vec<f64>,
    ks: Vec<f64>,
    overlap: Vec<f64>,
    fill: Vec<f64>,
    /// Overlap at the dark end of the colors.
    low: f64,
}

/// The figure of a study; `None` where there is no surface.
pub(super) fn figure(results: &StudyResults) -> Option<Figure> {
    let surface = Surface::new(results.runs.iter().map(|run| &run.surface))?;
    let caption = surface.caption(results);
    Some(surface.figure(caption))
}

/// The figure of one surface, of the engine class named; `None` if it has no cell.
pub(super) fn figure_of(grid: &SurfaceGrid, class: EngineClass) -> Option<Figure> {
    let surface = Surface::new(std::iter::once(grid))?;
    let caption = format!(
        "Every (ef, k) under the {class} rule, from one traversal per query. {}",
        surface.empty_slots()
    );
    Some(surface.figure(caption))
}

/// Places in `values`, ascending, about evenly apart on an axis of `scale`: all of them up to
/// DRAWN.
fn spread(values: &[f64], scale: impl Fn(f64) -> f64) -> Vec<usize> {
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
        return Vec::new();
    };
    if values.len() <= DRAWN {
        return (0..values.len()).collect();
    }
    let (low, high) = (scale(first), scale(last));
    let at = |step: usize| low + (high - low) * step as f64 / (DRAWN - 1) as f64;
    let mut places: Vec<usize> = (0..DRAWN)
        .map(|step| {
            values
                .partition_point(|&value| scale(value) < at(step))
                .min(values.len() - 1)
        })
        .collect();
    places.dedup();
    places
}

impl Surface {
    fn figure(&self, caption: String) -> Figure {
        let title = "Overlap over ef_search and k";
        let mut svg = Svg::new(title);
        svg.text(&Text::new(18.0, 30.0, title).size(15.5).fill(INK).bold());
        svg.text(&Text::new(
            18.0,
            50.0,
            "dashed: ef = k; dotted: overlap .95; white: slots come back empty below",
        ));
        self.thinned().draw(&mut svg);
        Figure {
            name: "surface_overlap".to_owned(),
            title: title.to_owned(),
            caption,
            svg: svg.finish(),
        }
    }

    /// The mean of surfaces over the same cells.
    fn new<'g>(grids: impl Iterator<Item = &'g SurfaceGrid> + Clone) -> Option<Self> {
        let first = grids.clone().next()?;
        let (efs, ks) = (first.efs.clone(), first.ks.clone());
        let cells = efs.len() * ks.len();
        let complete =
            |grid: &&SurfaceGrid| grid.overlap.len() == cells && grid.fill.len() == cells;
        let grids: Vec<&SurfaceGrid> = grids.filter(complete).collect();
        if cells == 0 || grids.is_empty() {
            return None;
        }
        let mean = |read: fn(&SurfaceGrid) -> &[f64]| -> Vec<f64> {
            (0..cells)
                .map(|cell| {
                    grids.iter().map(|grid| read(grid)[cell]).sum::<f64>() / grids.len() as f64
                })
                .collect()
        };
        let overlap = mean(|grid| &grid.overlap);
        let lowest = overlap
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .fold(1.0, f64::min);
        Some(Self {
            efs: efs.iter().map(|&ef| ef as f64).collect(),
            ks: ks.iter().map(|&k| k as f64).collect(),
            low: (lowest * 10.0 + 1e-9).floor().min(9.0) / 10.0,
            overlap,
            fill: mean(|grid| &grid.fill),
        })
    }

    /// The cells that are drawn.
    fn thinned(&self) -> Self {
        let rows = spread(&self.efs, f64::ln);
        let columns = spread(&self.ks, |k| k);
        let pick = |cells: &[f64]| {
            let row = |&row: &usize| columns.iter().map(move |&column| (row, column));
            rows.iter()
                .flat_map(row)
                .map(|(row, column)| cells[row * self.ks.len() + column])
                .collect()
        };
        Self {
            efs: rows.iter().map(|&row| self.efs[row]).collect(),
            ks: columns.iter().map(|&column| self.ks[column]).collect(),
            overlap: pick(&self.overlap),
            fill: pick(&self.fill),
            low: self.low,
        }
    }

    fn empty_slots(&self) -> String {
        match self.fill.iter().filter(|&&fill| fill < FULL).count() {
            0 => "No pair has an empty slot.".to_owned(),
            count => format!(
                "In {count} of {} pairs slots come back empty.",
                self.fill.len()
            ),
        }
    }

    fn caption(&self, results: &StudyResults) -> String {
        let empty = self.empty_slots();
        format!(
            "Every (ef, k) of the graph with ef_construction {} under the stop-early rule, from one traversal per query; \
             mean over {}. {empty}",
            results.settings.ef_construction,
            match results.runs.len() {
                1 => "one run".to_owned(),
                runs => format!("{runs} runs"),
            }
        )
    }

    fn draw(&self, svg: &mut Svg) {
        let [left, right, top, bottom] = PLOT;
        let (columns, rows) = (
            edges(&self.ks, Spacing::Linear),
            edges(&self.efs, Spacing::Logarithmic),
        );
        let xs = Scale::new(Spacing::Linear, ends(&columns), (left, right));
        let ys = Scale::new(Spacing::Logarithmic, ends(&rows), (bottom, top));
        self.cells(svg, (&xs, &columns), (&ys, &rows));
        Self::axes(svg, &xs, &ys);
        self.level_line(svg, &xs, &ys);
        self.full_edge(svg, (&xs, &columns), (&ys, &rows));
        self.even_line(svg, &xs, &ys);
        self.key(svg);
    }

    fn cells(&self, svg: &mut Svg, (xs, columns): (&Scale, &[f64]), (ys, rows): (&Scale, &[f64])) {
        svg.open_group("shape-rendering=\"crispEdges\"");
        for (row, ef) in self.efs.iter().enumerate() {
            for (column, k) in self.ks.iter().enumerate() {
                let (overlap, fill) = (
                    self.overlap[row * self.ks.len() + column],
                    self.fill[row * self.ks.len() + column],
                );
                let (x, y) = (xs.position(columns[column]), ys.position(rows[row + 1]));
                let place = [
                    x,
                    y,
                    xs.position(columns[column + 1]) - x,
                    ys.position(rows[row]) - y,
                ];
                let color = if overlap.is_finite() {
                    self.color(overlap)
                } else {
                    "#d5d9de".to_owned()
                };
                let text = format!(
                    "ef {ef}, k {k}: overlap {}, fill {}",
                    significant(overlap),
                    significant(fill)
                );
                svg.rectangle(place, &color, &text);
            }
        }
        svg.close_group();
    }

    fn color(&self, overlap: f64) -> String {
        surface_color((overlap - self.low) / (1.0 - self.low))
    }

    fn axes(svg: &mut Svg, xs: &Scale, ys: &Scale) {
        let [left, right, top, bottom] = PLOT;
        for (k, text) in xs.ticks(6).into_iter().filter(|(k, _)| k.fract() == 0.0) {
            let x = xs.position(k);
            svg.line(
                (x, bottom),
                (x, bottom + 4.0),
                Stroke::solid(REFERENCE, 1.0),
            );
            svg.text(&Text::new(x, bottom + 18.0, &text).anchor(Anchor::Middle));
        }
        for (ef, text) in ys.ticks(6) {
            let y = ys.position(ef);
            svg.line((left - 4.0, y), (left, y), Stroke::solid(REFERENCE, 1.0));
            svg.text(&Text::new(left - 8.0, y + 4.4, &text).anchor(Anchor::End));
        }
        svg.text(&Text::new(left - 8.0, top - 4.0, "ef").anchor(Anchor::End));
        let middle = f64::midpoint(left, right);
        svg.text(
            &Text::new(middle, bottom + 38.0, "k, neighbors asked for")
                .fill(MUTED)
                .anchor(Anchor::Middle),
        );
    }

    /// Steps along the cells between those with every slot filled and those without.
    fn full_edge(
        &self,
        svg: &mut Svg,
        (xs, columns): (&Scale, &[f64]),
        (ys, rows): (&Scale, &[f64]),
    ) {
        let width = self.ks.len();
        let mut steps = Vec::new();
        for row in 0..self.efs.len() {
            let fills = &self.fill[row * width..(row + 1) * width];
            let full = fills.iter().take_while(|&&fill| fill >= FULL).count();
            let x = xs.position(columns[full]);
            steps.extend([(x, ys.position(rows[row])), (x, ys.position(rows[row + 1]))]);
            if full == width {
                steps.pop();
                break;
            }
        }
        svg.polyline(&steps, Stroke::solid("#1b1b1b", 3.6));
        svg.polyline(&steps, Stroke::solid("#fffffe", 2.0));
    }

    /// Where mean overlap crosses [`LEVEL`], between grid points.
    fn level_line(&self, svg: &mut Svg, xs: &Scale, ys: &Scale) {
        let width = self.ks.len();
        let mut line = Vec::new();
        for (row, &ef) in self.efs.iter().enumerate() {
            let overlaps = &self.overlap[row * width..(row + 1) * width];
            let Some(place) = overlaps.iter().position(|&overlap| overlap < LEVEL) else {
                continue;
            };
            if let Some(before) = place.checked_sub(1) {
                let part = (overlaps[before] - LEVEL) / (overlaps[before] - overlaps[place]);
                let k = self.ks[before] + (self.ks[place] - self.ks[before]) * part;
                line.push((xs.position(k), ys.position(ef)));
            }
        }
        svg.polyline(
            &line,
            Stroke {
                color: "#1b1b1b",
                width: 1.8,
                dashes: "1.5 3.5",
            },
        );
    }

    /// ef = k.
    fn even_line(&self, svg: &mut Svg, xs: &Scale, ys: &Scale) {
        let (first, last) = ends(&self.ks);
        let steps = (0..=60).map(|step| first + (last - first) * f64::from(step) / 60.0);
        let line: Vec<(f64, f64)> = steps
            .filter(|&k| ys.holds(k))
            .map(|k| (xs.position(k), ys.position(k)))
            .collect();
        svg.polyline(
            &line,
            Stroke {
                color: "#1b1b1b",
                width: 1.6,
                dashes: "7 4",
            },
        );
    }

    fn key(&self, svg: &mut Svg) {
        let [_, right, top, bottom] = PLOT;
        let (x, steps) = (right + 20.0, 60);
        let scale = Scale::new(Spacing::Linear, (self.low, 1.0), (bottom, top));
        svg.open_group("shape-rendering=\"crispEdges\"");
        let height = (bottom - top) / f64::from(steps);
        for step in 0..steps {
            let color = surface_color((f64::from(step) + 0.5) / f64::from(steps));
            svg.rectangle(
                [x, bottom - f64::from(step + 1) * height, 14.0, height + 0.5],
                &color,
                "",
            );
        }
        svg.close_group();
        for (value, text) in scale.ticks(5) {
            svg.text(&Text::new(x + 20.0, scale.position(value) + 4.4, &text));
        }
        svg.text(&Text::new(x - 2.0, top - 10.0, "overlap"));
    }
}

/// The edges of cells around ascending centers: halfway between neighbors, as far out at both ends.
fn edges(centers: &[f64], spacing: Spacing) -> Vec<f64> {
    let logarithmic = spacing == Spacing::Logarithmic;
    let to = |center: f64| if logarithmic { center.ln() } else { center };
    let from = |place: f64| if logarithmic { place.exp() } else { place };
    let places: Vec<f64> = centers.iter().copied().map(to).collect();
    let [first, .., last] = places[..] else {
        return centers
            .iter()
            .flat_map(|&center| [center * 0.8, center * 1.25])
            .collect();
    };
    let inner: Vec<f64> = places
        .windows(2)
        .map(|pair| f64::midpoint(pair[0], pair[1]))
        .collect();
    let (low, high) = (2.0 * first - inner[0], 2.0 * last - inner[inner.len() - 1]);
    std::iter::once(low)
        .chain(inner)
        .chain([high])
        .map(from)
        .collect()
}

fn ends(values: &[f64]) -> (f64, f64) {
    (
        values.first().copied().unwrap_or(0.0),
        values.last().copied().unwrap_or(1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_meet_halfway() {
        assert_eq!(
            edges(&[10.0, 20.0, 40.0], Spacing::Linear),
            [5.0, 15.0, 30.0, 50.0]
        );
        let logarithmic = edges(&[10.0, 40.0], Spacing::Logarithmic);
        assert!(
            logarithmic
                .iter()
                .zip([5.0, 20.0, 80.0])
                .all(|(edge, expected)| (edge - expected).abs() < 1e-9)
        );
        assert_eq!(edges(&[10.0], Spacing::Linear), [8.0, 12.5]);
    }
}

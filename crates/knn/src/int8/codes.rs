//! Rows as 8-bit codes in panels, with the terms of their lower bounds.

use super::slices::Slices;
use crate::gemm::UNIT;
use crate::prepared::{Preparation, RowMagnitude};
use crate::refine::UNDERFLOW;
use annatomy_runtime::Zeroed;
use annatomy_vectors::Metric;
use annatomy_vectors::kernels::int8::{
    GROUP, LEFT, LeftGroup, LeftTerms, OFFSET, RIGHT, RightGroup, RightTerms,
};
use pulp::Arch;
use rayon::prelude::*;

/// The largest code.
const LARGEST: f32 = 127.0;
/// Adding it rounds a small number to the nearest whole one and leaves that in the lowest bits.
const ROUNDING: f32 = 12_582_912.0;
/// What the rounding of s, of 1/s and of their product with a value may shift a quotient by: three
/// roundings of at most 127.
const QUOTIENT_ERROR: f64 = 3.1 * LARGEST as f64 * UNIT;
/// Rows whose largest value is below it are all error: their scale would not be a normal number.
const SMALLEST_SCALED: f32 = 1e-30;
/// Roundings, in units of UNIT·(‖x‖² + ‖y‖²) or UNIT·‖x‖·‖y‖: a bound has seven, each of a partial
/// sum that is at most eight times as large, since ‖e‖ ≤ ‖x‖ and ‖x̂‖ ≤ 2‖x‖; the reduced distance
/// that it bounds has ten besides its product.
const ROUNDINGS: f64 = 96.0;

/// One row in codes.
struct Quantized {
    scale: f32,
    /// Σc.
    sum: i32,
    /// ‖x̂‖.
    coded: f64,
    /// ‖e‖, or a little more.
    error: f64,
    /// ‖x‖.
    size: f64,
}

/// Queries in left panels.
pub(crate) struct CodedQueries {
    groups: usize,
    panels: Zeroed<LeftGroup>,
    terms: Vec<LeftTerms>,
    pub(super) rows: Slices,
}

/// A block of base rows in right panels, and the prepared rows themselves.
pub(crate) struct CodedBase {
    columns: usize,
    panels: Zeroed<RightGroup>,
    pub(super) rows: Slices,
    /// One row after another.
    whole_rows: Zeroed<f32>,
    pub(crate) norms_squared: Vec<f32>,
    magnitudes: Vec<RowMagnitude>,
    norms: Vec<f32>,
    scales: Vec<f32>,
    errors: Vec<f32>,
    sizes: Vec<f32>,
}

impl CodedQueries {
    /// The codes of `count` prepared queries; `row_of` gives the raw ones.
    pub(crate) fn new<'r>(
        preparation: &Preparation,
        count: usize,
        row_of: impl Fn(usize) -> &'r [f32],
    ) -> Self {
        let columns = preparation.columns();
        let groups = columns.div_ceil(GROUP);
        let mut panels: Zeroed<LeftGroup> = Zeroed::new(count.div_ceil(LEFT) * groups);
        let (mut codes, mut scratch) = (vec![0; groups * GROUP], Vec::new());
        let mut terms = Vec::with_capacity(count);
        let mut whole_rows = vec![0.0; count * columns];
        for (query, row) in whole_rows.chunks_exact_mut(columns.max(1)).enumerate() {
            preparation.prepare_row(row_of(query), row);
            let magnitude = preparation.magnitude(row, &mut scratch);
            let quantized = quantize(row, &mut codes);
            let panel = &mut panels[query / LEFT * groups..][..groups];
            for (group, codes) in panel.iter_mut().zip(codes.as_chunks().0) {
                group[query % LEFT] = *codes;
            }
            terms.push(left_terms(preparation, &quantized, magnitude));
        }
        let mut rows = Slices::new(count, columns);
        rows.cut(&whole_rows);
        Self {
            groups,
            panels,
            terms,
            rows,
        }
    }

    pub(super) fn panel(&self, panel: usize) -> &[LeftGroup] {
        &self.panels[panel * self.groups..][..self.groups]
    }

    pub(super) fn panels(&self) -> usize {
        self.terms.len().div_ceil(LEFT)
    }

    pub(super) fn terms(&self) -> &[LeftTerms] {
        &self.terms
    }
}

impl CodedBase {
    /// Room for up to `rows` rows.
    pub(crate) fn new(preparation: &Preparation, rows: usize) -> Self {
        let columns = preparation.columns();
        Self {
            columns,
            panels: Zeroed::new(rows.div_ceil(RIGHT) * columns.div_ceil(GROUP)),
            rows: Slices::new(rows, columns),
            whole_rows: Zeroed::new(rows * columns),
            norms_squared: Vec::new(),
            magnitudes: Vec::new(),
            norms: Vec::new(),
            scales: Vec::new(),
            errors: Vec::new(),
            sizes: Vec::new(),
        }
    }

    /// Replaces the rows by `count` others, prepared and coded in parallel; `row_of` gives the raw
    /// ones.
    pub(crate) fn prepare_in<'r>(
        &mut self,
        preparation: &Preparation,
        count: usize,
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
    ) {
        let columns = self.columns;
        let groups = columns.div_ceil(GROUP);
        self.norms_squared.resize(count, 0.0);
        self.magnitudes.resize(count, RowMagnitude::default());
        let terms = [
            &mut self.norms,
            &mut self.scales,
            &mut self.errors,
            &mut self.sizes,
        ];
        let [norms, scales, errors, sizes] = terms.map(|terms| {
            terms.resize(count, 0.0);
            terms.par_chunks_mut(RIGHT)
        });
        let is_l2 = preparation.metric() == Metric::L2;
        let panels = self.panels.par_chunks_mut(groups.max(1));
        let rows = &mut self.whole_rows[..count * columns];
        let rows = rows.par_chunks_mut((RIGHT * columns).max(1));
        let magnitudes = (
            self.norms_squared.par_chunks_mut(RIGHT),
            self.magnitudes.par_chunks_mut(RIGHT),
        );
        let parts = (panels, rows, magnitudes, (norms, scales, errors, sizes));
        parts.into_par_iter().enumerate().for_each_init(
            || (vec![0; groups * GROUP], Vec::new()),
            |(codes, scratch), (first, (panel, rows, (squared, magnitudes), terms))| {
                let (norms, scales, errors, sizes) = terms;
                for (place, row) in rows.chunks_exact_mut(columns.max(1)).enumerate() {
                    preparation.prepare_row(row_of(first * RIGHT + place), row);
                    let magnitude = preparation.magnitude(row, scratch);
                    let quantized = quantize(row, codes);
                    for (group, codes) in panel.iter_mut().zip(codes.as_chunks::<GROUP>().0) {
                        group[place] = codes.map(|code| code.cast_unsigned() ^ OFFSET as u8);
                    }
                    squared[place] = magnitude.norm_squared();
                    magnitudes[place] = magnitude;
                    norms[place] = if is_l2 { lowered_norm(&quantized) } else { 0.0 };
                    scales[place] = quantized.scale;
                    errors[place] = up(quantized.error);
                    sizes[place] = up(quantized.size);
                }
            },
        );
        self.rows.cut(&self.whole_rows[..count * columns]);
    }

    /// The magnitudes of all rows.
    pub(crate) fn magnitudes(&self) -> &[RowMagnitude] {
        &self.magnitudes
    }

    pub(super) fn panel(&self, panel: usize) -> &[RightGroup] {
        let groups = self.columns.div_ceil(GROUP);
        &self.panels[panel * groups..][..groups]
    }

    pub(super) fn terms(&self, rows: std::ops::Range<usize>) -> RightTerms<'_> {
        RightTerms {
            norms: &self.norms[rows.clone()],
            scales: &self.scales[rows.clone()],
            errors: &self.errors[rows.clone()],
            sizes: &self.sizes[rows],
        }
    }
}

/// A query's terms, by the metric: of ‖x‖² + ‖y‖² − 2⟨x, y⟩, 1 − ⟨x, y⟩ or −⟨x, y⟩.
fn left_terms(preparation: &Preparation, row: &Quantized, magnitude: RowMagnitude) -> LeftTerms {
    // |computed − true ⟨x, y⟩| ≤ UNIT·W(x)·W(y), and W(y) is at most the largest root times ‖y‖.
    let product = UNIT * f64::from(magnitude.coefficient()) * preparation.largest_root() * 1.001;
    let of_sizes = row.error + product + ROUNDINGS * UNIT * row.size;
    let (factor, norm) = match preparation.metric() {
        Metric::L2 => (2.0, lowered_norm(row)),
        Metric::Cosine => (1.0, (1.0 - ROUNDINGS * UNIT) as f32),
        Metric::InnerProduct => (1.0, -(2.0 * UNDERFLOW) as f32),
    };
    LeftTerms {
        norm,
        scale: factor as f32 * row.scale,
        size: up(factor * row.coded),
        error: up(factor * of_sizes),
        offset: OFFSET * row.sum,
    }
}

/// ‖x‖², less what rounding may add up to.
fn lowered_norm(row: &Quantized) -> f32 {
    (row.size * row.size * (1.0 - ROUNDINGS * UNIT) - 2.0 * UNDERFLOW) as f32
}

/// The next float32 that is surely no less.
fn up(value: f64) -> f32 {
    ((value * (1.0 + 8.0 * UNIT)) as f32).next_up()
}

/// Codes of `row`, zeros behind them.
fn quantize(row: &[f32], codes: &mut [i8]) -> Quantized {
    const LANES: usize = 16;
    let size = annatomy_vectors::kernels::dot_f64(row, row).sqrt();
    let (mut scale, mut sum, mut squares, mut rest) = (0.0, 0, 0_i64, 0.0_f64);
    let (codes, padding) = codes.split_at_mut(row.len());
    padding.fill(0);
    Arch::new().dispatch(|| {
        let mut most = [0.0_f32; LANES];
        for values in row.chunks(LANES) {
            for (most, value) in most.iter_mut().zip(values) {
                let value = value.abs();
                *most = if value > *most { value } else { *most };
            }
        }
        let most = most.into_iter().fold(0.0, f32::max);
        if most < SMALLEST_SCALED {
            codes.fill(0);
            return;
        }
        scale = most / LARGEST;
        let inverse = LARGEST / most;
        // Sums of pieces, so that none of them rounds much or overflows.
        for (values, codes) in row.chunks(64 * LANES).zip(codes.chunks_mut(64 * LANES)) {
            let (mut sums, mut square) = ([0_i32; LANES], [0_i32; LANES]);
            let mut errors = [0.0_f32; LANES];
            for (values, codes) in values.chunks(LANES).zip(codes.chunks_mut(LANES)) {
                for (place, (value, code)) in values.iter().zip(codes).enumerate() {
                    let quotient = value * inverse;
                    let rounded = quotient + ROUNDING;
                    let whole = rounded - ROUNDING;
                    *code = rounded.to_bits() as i8;
                    let whole_number =
                        rounded.to_bits().cast_signed() - ROUNDING.to_bits().cast_signed();
                    sums[place] += whole_number;
                    square[place] += whole_number * whole_number;
                    errors[place] += (quotient - whole) * (quotient - whole);
                }
            }
            sum += sums.iter().sum::<i32>();
            squares += i64::from(square.iter().sum::<i32>());
            rest += errors.map(f64::from).iter().sum::<f64>();
        }
    });
    if scale == 0.0 {
        return Quantized {
            scale,
            sum: 0,
            coded: 0.0,
            error: size,
            size,
        };
    }
    let of_quotients = QUOTIENT_ERROR * (row.len() as f64).sqrt();
    // 64 terms to a sum: relative error of at most 66 roundings.
    let error = f64::from(scale) * ((rest * (1.0 + 70.0 * UNIT)).sqrt() + of_quotients);
    Quantized {
        scale,
        sum,
        coded: f64::from(scale) * (squares as f64).sqrt(),
        error,
        size,
    }
}

#[cfg(test)]
mod tests {
    use super::super::CodeTile;
    use super::*;
    use annatomy_vectors::Matrix;
    use annatomy_vectors::kernels::int8::Int8Kernels;

    #[test]
    fn codes_and_what_they_leave_out_make_the_row() {
        let row: Vec<f32> = (0..37)
            .map(|place| ((place * 37 % 101) as f32 - 50.0) / 7.0)
            .collect();
        for factor in [0.0, 1e-35, 1e-20, 1.0, 1e15] {
            let row: Vec<f32> = row.iter().map(|value| value * factor).collect();
            let mut codes = vec![9; 40];
            let quantized = quantize(&row, &mut codes);
            assert_eq!(codes[37..], [0; 3], "padding");
            let scale = f64::from(quantized.scale);
            let left = |(&value, &code): (&f32, &i8)| f64::from(value) - scale * f64::from(code);
            let norm =
                |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
            let error = norm(&mut row.iter().zip(&codes).map(left));
            assert!(
                error <= quantized.error && quantized.error <= 1.001 * error,
                "{factor}"
            );
            let coded = norm(&mut codes.iter().map(|&code| scale * f64::from(code)));
            assert!((quantized.coded - coded).abs() <= 1e-12 * coded);
            assert_eq!(
                quantized.sum,
                codes.iter().map(|&code| i32::from(code)).sum::<i32>()
            );
        }
    }

    /// Two equal rows whose errors all point along them: Cauchy and Schwarz are nearly equalities,
    /// so that a bound one part in a thousand too small would lose the pair.
    #[test]
    fn a_bound_is_reached_where_all_errors_point_one_way() {
        let columns = 60_000;
        let mut values = vec![20.49_f32; columns];
        values[0] = 127.0;
        let rows = Matrix::new(1, columns, values).expect("shape");
        let product: f64 = rows
            .row(0)
            .iter()
            .map(|&x| f64::from(x) * f64::from(x))
            .sum();
        let of_errors = product - (127.0 * 127.0 + 400.0 * (columns - 1) as f64);
        let preparation = Preparation::of(&rows.view(), Metric::InnerProduct);
        let queries = CodedQueries::new(&preparation, 1, |row| rows.row(row));
        let mut base = CodedBase::new(&preparation, 1);
        base.prepare_in(&preparation, 1, |row| rows.row(row));
        for kernels in Int8Kernels::forms() {
            let mut tile = CodeTile::new(kernels);
            let mut survives = |threshold: f64| {
                tile.clear();
                tile.prefilter(&queries, (&base, 0..1), &[threshold as f32]);
                tile.pairs() == 1
            };
            assert!(survives(-product * (1.0 - 1e-6)), "it is nearer than that");
            assert!(
                !survives(-product - 1e-3 * of_errors),
                "a thousandth of the errors decides"
            );
        }
    }
}

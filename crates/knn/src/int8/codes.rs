//! Rows as 8-bit codes in panels, with the terms of their lower bounds.

use super::quantizer::{Quantized, quantize};
use super::rotation::Rotation;
use super::slices::Slices;
use crate::gemm::UNIT;
use crate::prepared::{Preparation, RowMagnitude};
use crate::refine::UNDERFLOW;
use crate::source::RowSource;
use annatomy_runtime::Zeroed;
use annatomy_vectors::kernels::int8::{
    GROUP, Int8Kernels, LeftShape, LeftTerms, RIGHT, RightGroup, RightTerms,
};
use annatomy_vectors::{Metric, kernels};
use rayon::prelude::*;
use std::ops::Range;

/// Rows that tell whether a rotation pays.
const ROWS_LOOKED_AT: usize = 64;
/// Of the errors without a rotation, what those with one must be below.
const WORTH_ROTATING: f64 = 0.8;
/// Roundings, in units of UNIT·(‖x‖² + ‖y‖²) or UNIT·‖x‖·‖y‖: a bound has seven, each of a partial
/// sum that is at most eight times as large, since ‖e‖ ≤ ‖x‖ and ‖x̂‖ ≤ 2‖x‖; the reduced distance
/// that it bounds has ten besides its product.
const ROUNDINGS: f64 = 96.0;

/// How rows become codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coder<'c> {
    pub(crate) preparation: &'c Preparation,
    /// What comes before, where it makes errors smaller.
    pub(crate) rotation: Option<&'c Rotation>,
    /// What the codes are for.
    pub(crate) kernels: Int8Kernels,
}

/// Queries in left panels.
pub(crate) struct CodedQueries {
    shape: LeftShape,
    /// Columns with those that pad them.
    padded: usize,
    panels: Zeroed<i8>,
    terms: Vec<LeftTerms>,
    pub(super) rows: Slices,
}

/// A block of base rows in right panels, and the prepared rows themselves.
pub(crate) struct CodedBase {
    columns: usize,
    /// Groups of a panel, with those that pad it.
    groups: usize,
    panels: Zeroed<RightGroup>,
    pub(super) rows: Slices,
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
        coder: Coder<'_>,
        count: usize,
        row_of: impl Fn(usize) -> &'r [f32],
    ) -> Self {
        let preparation = coder.preparation;
        let columns = preparation.columns();
        let shape = coder.kernels.left_shape();
        let padded = shape.padded(columns);
        let mut panels: Zeroed<i8> = Zeroed::new(count.div_ceil(shape.rows) * shape.rows * padded);
        let (mut codes, mut scratch) = (vec![0; padded], Vec::new());
        let mut terms = Vec::with_capacity(count);
        let mut row = vec![0.0; columns];
        let mut rows = Slices::new(count, columns);
        let mut blocks: Vec<_> = rows.blocks_mut().collect();
        for query in 0..count {
            preparation.prepare_row(row_of(query), &mut row);
            let magnitude = preparation.magnitude(&row, &mut scratch);
            if let Some(block) = blocks.get_mut(query / RIGHT) {
                block.write(query % RIGHT, &row);
            }
            let quantized = coder.code(&mut row, &mut codes);
            let size = shape.rows * padded;
            let panel = &mut panels[query / shape.rows * size..][..size];
            shape.write(panel, query % shape.rows, &codes);
            terms.push(coder.left_terms(&quantized, magnitude));
        }
        drop(blocks);
        Self {
            shape,
            padded,
            panels,
            terms,
            rows,
        }
    }

    /// The groups `groups` of columns of one panel.
    pub(super) fn panel(&self, panel: usize, groups: Range<usize>) -> &[i8] {
        let rows = self.shape.rows;
        let codes = &self.panels[panel * rows * self.padded..][..rows * self.padded];
        &codes[groups.start * GROUP * rows..groups.end * GROUP * rows]
    }

    /// Queries of a panel.
    pub(super) fn panel_rows(&self) -> usize {
        self.shape.rows
    }

    pub(super) fn panels(&self) -> usize {
        self.terms.len().div_ceil(self.shape.rows)
    }

    pub(super) fn terms(&self) -> &[LeftTerms] {
        &self.terms
    }
}

impl CodedBase {
    /// Room for up to `rows` rows, in codes for `kernels`.
    pub(crate) fn new(preparation: &Preparation, kernels: Int8Kernels, rows: usize) -> Self {
        let columns = preparation.columns();
        let groups = kernels.left_shape().padded(columns) / GROUP;
        Self {
            columns,
            groups,
            panels: Zeroed::new(rows.div_ceil(RIGHT) * groups),
            rows: Slices::new(rows, columns),
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
        coder: Coder<'_>,
        count: usize,
        row_of: impl Fn(usize) -> &'r [f32] + Sync,
    ) {
        let preparation = coder.preparation;
        let offset = coder.kernels.offset() as u8;
        let (columns, groups) = (self.columns, self.groups);
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
        let magnitudes = (
            self.norms_squared.par_chunks_mut(RIGHT),
            self.magnitudes.par_chunks_mut(RIGHT),
        );
        let parts = (
            panels,
            self.rows.blocks_mut(),
            magnitudes,
            (norms, scales, errors, sizes),
        );
        parts.into_par_iter().enumerate().for_each_init(
            || {
                let codes = vec![0; groups * GROUP];
                let offset_codes = vec![0_u8; codes.len()];
                (vec![0.0; columns], codes, offset_codes, Vec::new())
            },
            |(row, codes, offset_codes, scratch),
             (first, (panel, mut block, (squared, magnitudes), terms))| {
                let (norms, scales, errors, sizes) = terms;
                for place in 0..squared.len() {
                    let number = first * RIGHT + place;
                    // Its columns are taken in another order than that of memory.
                    if number + 1 < count {
                        kernels::prefetch_whole(row_of(number + 1));
                    }
                    preparation.prepare_row(row_of(number), row);
                    let magnitude = preparation.magnitude(row, scratch);
                    block.write(place, row);
                    let quantized = coder.code(row, codes);
                    for (offset_code, code) in offset_codes.iter_mut().zip(&*codes) {
                        *offset_code = code.cast_unsigned().wrapping_add(offset);
                    }
                    let words = offset_codes.as_chunks::<GROUP>().0;
                    for (group, word) in panel.iter_mut().zip(words) {
                        group[place] = *word;
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
    }

    /// The magnitudes of all rows.
    pub(crate) fn magnitudes(&self) -> &[RowMagnitude] {
        &self.magnitudes
    }

    pub(super) fn panel(&self, panel: usize) -> &[RightGroup] {
        &self.panels[panel * self.groups..][..self.groups]
    }

    pub(super) fn terms(&self, rows: Range<usize>) -> RightTerms<'_> {
        RightTerms {
            norms: &self.norms[rows.clone()],
            scales: &self.scales[rows.clone()],
            errors: &self.errors[rows.clone()],
            sizes: &self.sizes[rows],
        }
    }
}

impl Coder<'_> {
    /// Codes of a prepared row, and zeros behind them; the row is overwritten.
    fn code(self, row: &mut [f32], codes: &mut [i8]) -> Quantized {
        quantize(row, codes, self.rotation, self.kernels.largest_code())
    }

    /// A query's terms, by the metric: of ‖x‖² + ‖y‖² − 2⟨x, y⟩, 1 − ⟨x, y⟩ or −⟨x, y⟩.
    fn left_terms(self, row: &Quantized, magnitude: RowMagnitude) -> LeftTerms {
        let preparation = self.preparation;
        // |computed − true ⟨x, y⟩| ≤ UNIT·W(x)·W(y), and W(y) is at most the largest root times ‖y‖.
        let product =
            UNIT * f64::from(magnitude.coefficient()) * preparation.largest_root() * 1.001;
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
            offset: self.kernels.offset() * row.sum,
        }
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

/// The rotation, if codes of these rows are better with it by enough to pay for it.
pub(crate) fn rotation_for(
    base: &dyn RowSource,
    preparation: &Preparation,
    kernels: Int8Kernels,
) -> Option<Rotation> {
    let columns = preparation.columns();
    let rotation = Rotation::new(columns)?;
    let (mut raw, mut row) = (vec![0.0; columns], vec![0.0; columns]);
    let mut codes = vec![0; columns.next_multiple_of(GROUP)];
    let mut errors = [0.0; 2];
    for place in 0..base.rows().min(ROWS_LOOKED_AT) {
        let id = place * base.rows() / base.rows().min(ROWS_LOOKED_AT);
        base.read_rows(id..id + 1, &mut raw);
        for (rotation, error) in [None, Some(&rotation)].into_iter().zip(&mut errors) {
            preparation.prepare_row(&raw, &mut row);
            let coder = Coder {
                preparation,
                rotation,
                kernels,
            };
            let quantized = coder.code(&mut row, &mut codes);
            *error += quantized.error / quantized.size.max(f64::MIN_POSITIVE);
        }
    }
    (errors[1] < WORTH_ROTATING * errors[0]).then_some(rotation)
}

#[cfg(test)]
mod tests {
    use super::super::CodeTile;
    use super::*;
    use annatomy_vectors::Matrix;
    use annatomy_vectors::kernels::int8::Int8Kernels;

    /// Two equal rows whose errors all point along them: Cauchy and Schwarz are nearly equalities,
    /// so that a bound one part in a thousand too small would lose the pair.
    #[test]
    fn a_bound_is_reached_where_all_errors_point_one_way() {
        let columns = 60_000;
        for kernels in Int8Kernels::forms() {
            // Of all values but the first, nearly half a step is left.
            let step = 127.0 / f32::from(kernels.largest_code());
            let code = (20.0 / step).round();
            let mut values = vec![(code + 0.49) * step; columns];
            values[0] = 127.0;
            let rows = Matrix::new(1, columns, values).expect("shape");
            let product: f64 = rows
                .row(0)
                .iter()
                .map(|&x| f64::from(x) * f64::from(x))
                .sum();
            let coded = f64::from(code * step);
            let of_errors = product - (127.0 * 127.0 + coded * coded * (columns - 1) as f64);
            let preparation = Preparation::of(&rows.view(), Metric::InnerProduct);
            let coder = Coder {
                preparation: &preparation,
                rotation: None,
                kernels,
            };
            let queries = CodedQueries::new(coder, 1, |row| rows.row(row));
            let mut base = CodedBase::new(&preparation, kernels, 1);
            base.prepare_in(coder, 1, |row| rows.row(row));
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

    #[test]
    fn rows_are_rotated_where_values_are_far() {
        let rotates = |far: f32| {
            let mut state = 7_u32;
            let values = (0..80 * 512).map(|place| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = (state >> 8) as f32 / (1_u32 << 23) as f32 - 1.0;
                let (row, column) = (place / 512, place % 512);
                if column == row * 5 {
                    value * far
                } else {
                    value
                }
            });
            let rows = Matrix::new(80, 512, values.collect()).expect("shape");
            let preparation = Preparation::of(&rows.view(), Metric::L2);
            let rotates = |kernels| rotation_for(&rows.view(), &preparation, kernels).is_some();
            let by_form: Vec<bool> = Int8Kernels::forms().map(rotates).collect();
            assert!(by_form.iter().all(|rotates| *rotates == by_form[0]));
            by_form[0]
        };
        assert!(rotates(50.0));
        assert!(!rotates(1.0), "even rows have the finer steps as they are");
    }
}

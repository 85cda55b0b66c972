//! Integer products of rows in 8 bits, lower bounds by them, and float32 products of the few pairs
//! that a bound leaves: what a prefilter of exact search needs.
//!
//! Enters: panels of codes, some columns of a row side by side:
//!
//! left: 12 rows × 4 columns, signed    r0c0..3 r1c0..3 … r0c4..7 …      32 × 64 for AMX: [`LeftShape`]
//! right: [`RIGHT`] rows, offset        likewise, 4 columns, unsigned, as `vpdpbusd` and `vpmaddubsw` want a factor
//!
//! Leaves: exact integer sums, the same on every instruction set; one bit per pair that a threshold
//! leaves; float32 sums **in the order of the columns**, bit for bit those of a product kernel with
//! fused multiplication and addition, several of one pair in the lanes of a register.
//!
//! | form | needs | codes | multiplications per instruction |
//! |---|---|---|---|
//! | `amx` | AMX-INT8 and the next | ±127 | 16,384 |
//! | `vnni` | AVX-512F, BW and VNNI | ±127 | 64 |
//! | `avx2` | AVX2 and FMA | ±63, so that 16 bits hold four products | 32, and two sums for every four of these |
//! | `scalar` | nothing; the tests' oracle | ±127 | 1 |

use std::sync::OnceLock;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod vnni;

/// Rows of a right panel.
pub const RIGHT: usize = 32;
/// Columns of a right row that lie side by side.
pub const GROUP: usize = 4;
/// Sums of one pair that [`Int8Kernels::add_products_by_lane`] makes together.
pub const LANES: usize = 8;
/// Pairs of one call of it.
pub const PAIRS: usize = 8;
/// Values of a row in one call of it.
pub const PIECE: usize = 192;

/// Four columns of every row of a right panel.
pub type RightGroup = [[u8; GROUP]; RIGHT];
/// Integer sums of one left row with those of a right panel.
pub type Sums = [i32; RIGHT];

/// The order of codes in a left panel: `columns` of its first row, as many of each of its `rows`, then the next
/// columns. Both panels are padded with zeros to whole groups of `columns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftShape {
    /// Rows of a panel.
    pub rows: usize,
    /// Columns of a row that lie side by side.
    pub columns: usize,
}

impl LeftShape {
    /// What `columns` columns are padded to.
    pub fn padded(self, columns: usize) -> usize {
        columns.next_multiple_of(self.columns)
    }

    /// Writes the codes of row `row` of `panel`, padded.
    pub fn write(self, panel: &mut [i8], row: usize, codes: &[i8]) {
        let groups = panel.chunks_exact_mut(self.rows * self.columns);
        for (group, codes) in groups.zip(codes.chunks_exact(self.columns)) {
            group[row * self.columns..][..self.columns].copy_from_slice(codes);
        }
    }
}

/// Left panels of rows in words, as vectors take them.
const LEFT: usize = 12;
const WORDS: LeftShape = LeftShape {
    rows: LEFT,
    columns: GROUP,
};

/// Four columns of every row of a left panel in words.
type LeftGroup = [[i8; GROUP]; LEFT];

/// What becomes of sums that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// They are overwritten, unread.
    Replaced,
    /// They are added to.
    Added,
}

/// What a lower bound takes of a left row: bound = (`norm` + norm′) − `scale`·scale′·sum −
/// `size`·error′ − `error`·size′, a prime for those of the right row.
#[derive(Clone, Copy, Debug, Default)]
pub struct LeftTerms {
    /// Added to the right row's.
    pub norm: f32,
    /// Of the sum.
    pub scale: f32,
    /// Of the right row's error.
    pub size: f32,
    /// Of the right row's size.
    pub error: f32,
    /// Subtracted from every sum: the offset of right codes.
    pub offset: i32,
}

/// What lower bounds take of right rows, one value per row in each column.
#[derive(Clone, Copy, Debug)]
pub struct RightTerms<'t> {
    /// Added to the left row's.
    pub norms: &'t [f32],
    /// Of the sums.
    pub scales: &'t [f32],
    /// Norms of what the codes leave out.
    pub errors: &'t [f32],
    /// Norms.
    pub sizes: &'t [f32],
}

/// The integer kernels of this processor; made by [`int8`].
#[derive(Clone, Copy, Debug)]
pub struct Int8Kernels(Form);

#[derive(Clone, Copy, Debug)]
enum Form {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Vnni(vnni::Vnni),
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(amx::Amx),
}

/// The integer kernels of this processor, where they are faster than its float32 products.
pub fn int8() -> Option<Int8Kernels> {
    static DETECTED: OnceLock<Option<Int8Kernels>> = OnceLock::new();
    let outpaces_float32 = |form: &Int8Kernels| match form.0 {
        Form::Scalar => false,
        // AVX-512 multiplies 16 floats an instruction, as many as this form codes.
        #[cfg(target_arch = "x86_64")]
        Form::Avx2(_) => !is_x86_feature_detected!("avx512f"),
        #[cfg(target_arch = "x86_64")]
        Form::Vnni(_) => true,
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        Form::Amx(_) => true,
    };
    *DETECTED.get_or_init(|| Int8Kernels::forms().next().filter(outpaces_float32))
}

impl Int8Kernels {
    /// Plain Rust: right everywhere, fast nowhere.
    pub fn scalar() -> Self {
        Self(Form::Scalar)
    }

    /// All that this processor can run, the fastest first and [`scalar`](Self::scalar) last.
    pub fn forms() -> impl Iterator<Item = Self> {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        let tiles = amx::Amx::detect().map(Form::Amx);
        #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
        let tiles = None;
        #[cfg(target_arch = "x86_64")]
        let vectors = [
            vnni::Vnni::detect().map(Form::Vnni),
            avx2::Avx2::detect().map(Form::Avx2),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = [];
        let vectors: [Option<Form>; _] = vectors;
        tiles
            .into_iter()
            .chain(vectors.into_iter().flatten())
            .chain([Form::Scalar])
            .map(Self)
    }

    /// The time of a product and its bound, as a share of a float32 product's in the tile kernel of
    /// the same instruction set.
    pub fn cost(self) -> f64 {
        match self.0 {
            Form::Scalar => f64::INFINITY,
            #[cfg(target_arch = "x86_64")]
            Form::Avx2(_) => 0.48,
            #[cfg(target_arch = "x86_64")]
            Form::Vnni(_) => 0.3,
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Form::Amx(_) => 0.1,
        }
    }

    /// The largest code; the smallest is its negative.
    pub fn largest_code(self) -> i8 {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Form::Avx2(_) => avx2::LARGEST_CODE,
            _ => i8::MAX,
        }
    }

    /// What right codes are offset by: they are at least 1 then.
    pub fn offset(self) -> i32 {
        i32::from(self.largest_code()) + 1
    }

    /// The name that reports print.
    pub fn name(self) -> &'static str {
        match self.0 {
            Form::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Form::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Form::Vnni(_) => "avx512-vnni",
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Form::Amx(_) => "amx",
        }
    }

    /// The order of codes in its left panels.
    pub fn left_shape(self) -> LeftShape {
        match self.0 {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Form::Amx(_) => amx::LEFT,
            _ => WORDS,
        }
    }

    /// Integer products by these kernels on the thread at hand.
    pub fn products(self) -> Int8Products {
        Int8Products {
            shape: self.left_shape(),
            by: match self.0 {
                Form::Scalar => Products::Scalar,
                #[cfg(target_arch = "x86_64")]
                Form::Avx2(avx2) => Products::Avx2(avx2),
                #[cfg(target_arch = "x86_64")]
                Form::Vnni(vnni) => Products::Vnni(vnni),
                #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
                Form::Amx(amx) => Products::Amx(amx.configure()),
            },
        }
    }

    /// Which right rows have a lower bound that is not at least the threshold of a left row: a mask of
    /// right rows for each, in `masks`.
    ///
    /// # Panics
    /// If there are more right rows than in a panel, or a row lacks a term, a threshold, its sums or a mask.
    pub fn survivors(
        self,
        sums: &[Sums],
        (left, thresholds): (&[LeftTerms], &[f32]),
        right: &RightTerms<'_>,
        masks: &mut [u32],
    ) {
        let RightTerms {
            norms,
            scales,
            errors,
            sizes,
        } = right;
        let rows = norms.len();
        assert_eq!([scales.len(), errors.len(), sizes.len()], [rows; 3]);
        assert_eq!(left.len(), thresholds.len(), "a threshold for every row");
        assert_eq!(left.len(), masks.len(), "a mask for every row");
        assert!(
            rows <= RIGHT && left.len() <= sums.len(),
            "rows of one panel"
        );
        masks.fill(0);
        match self.0 {
            Form::Scalar => survivors(sums, (left, thresholds), right, masks),
            #[cfg(target_arch = "x86_64")]
            Form::Avx2(avx2) => avx2.survivors(sums, (left, thresholds), right, masks),
            #[cfg(target_arch = "x86_64")]
            Form::Vnni(vnni) => vnni.survivors(sums, (left, thresholds), right, masks),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Form::Amx(amx) => amx.vnni().survivors(sums, (left, thresholds), right, masks),
        }
    }

    /// Adds left·right to the sums of each pair, lane by lane: value `i` belongs to lane `i % OF`. Sums are
    /// fused and in the order of the values.
    ///
    /// # Panics
    /// If there are not OF sums for each of [`PAIRS`] pairs, or OF is none of 1, 2, 4 and [`LANES`].
    pub fn add_products_by_lane<const OF: usize>(
        self,
        left: &[&[f32; PIECE]; PAIRS],
        right: &[&[f32; PIECE]; PAIRS],
        sums: &mut [f32],
    ) {
        const { assert!(OF.is_power_of_two() && OF <= LANES, "loads of that size") };
        let (sums, rest) = sums.as_chunks_mut::<OF>();
        let sums: &mut [[f32; OF]; PAIRS] = sums.try_into().expect("sums for every pair");
        assert!(rest.is_empty(), "sums for every pair");
        match self.0 {
            Form::Scalar => add_products_by_lane(left, right, sums),
            #[cfg(target_arch = "x86_64")]
            Form::Avx2(avx2) => avx2.add_products_by_lane(left, right, sums),
            #[cfg(target_arch = "x86_64")]
            Form::Vnni(vnni) => vnni.add_products_by_lane(left, right, sums),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Form::Amx(amx) => amx.vnni().add_products_by_lane(left, right, sums),
        }
    }
}

/// Integer products on one thread, whose tile registers stay configured for them until it is dropped.
#[derive(Debug)]
pub struct Int8Products {
    shape: LeftShape,
    by: Products,
}

#[derive(Debug)]
enum Products {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Vnni(vnni::Vnni),
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(amx::Tiles),
}

impl Int8Products {
    /// Replaces `sums` by Σ left·right over groups of columns, or adds that to them; of codes up to
    /// [`largest_code`](Int8Kernels::largest_code), the right ones [`offset`](Int8Kernels::offset). Panels and sums that
    /// do not begin on cache lines are summed at half the rate with AMX.
    ///
    /// # Panics
    /// If the panels differ in columns, these are not padded, or there are not the sums of all left rows.
    pub fn sum(&self, left: &[i8], right: &[RightGroup], to: Before, sums: &mut [Sums]) {
        let LeftShape { rows, columns } = self.shape;
        assert_eq!(left.len(), rows * GROUP * right.len(), "equal columns");
        assert!(right.len().is_multiple_of(columns / GROUP), "padded");
        assert_eq!(sums.len(), rows, "sums of every left row");
        match &self.by {
            Products::Scalar => sum_products(left, right, to, sums),
            #[cfg(target_arch = "x86_64")]
            Products::Avx2(avx2) => avx2.sum_products(left, right, to, sums),
            #[cfg(target_arch = "x86_64")]
            Products::Vnni(vnni) => vnni.sum_products(left, right, to, sums),
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Products::Amx(tiles) => tiles.sum_products(left, right, to, sums),
        }
    }
}

fn sum_products(left: &[i8], right: &[RightGroup], to: Before, sums: &mut [Sums]) {
    if to == Before::Replaced {
        sums.fill([0; RIGHT]);
    }
    let left = left.as_chunks::<GROUP>().0.chunks_exact(sums.len());
    for (left, right) in left.zip(right) {
        for (left, sums) in left.iter().zip(sums.iter_mut()) {
            for (right, sum) in right.iter().zip(sums) {
                let products = left.iter().zip(right);
                *sum += products
                    .map(|(&left, &right)| i32::from(left) * i32::from(right))
                    .sum::<i32>();
            }
        }
    }
}

fn survivors(
    sums: &[Sums],
    (left, thresholds): (&[LeftTerms], &[f32]),
    right: &RightTerms<'_>,
    masks: &mut [u32],
) {
    for (((left, &threshold), sums), mask) in left.iter().zip(thresholds).zip(sums).zip(masks) {
        for (place, &norm) in right.norms.iter().enumerate() {
            let product = right.scales[place] * (sums[place] - left.offset) as f32;
            let mut bound = left.norm + norm;
            bound -= left.scale * product;
            bound -= left.size * right.errors[place];
            bound -= left.error * right.sizes[place];
            let is_pruned = bound >= threshold;
            *mask |= u32::from(!is_pruned) << place;
        }
    }
}

fn add_products_by_lane<const OF: usize>(
    left: &[&[f32; PIECE]; PAIRS],
    right: &[&[f32; PIECE]; PAIRS],
    sums: &mut [[f32; OF]; PAIRS],
) {
    for ((left, right), sums) in left.iter().zip(right).zip(sums) {
        for (left, right) in left.chunks_exact(OF).zip(right.chunks_exact(OF)) {
            for ((left, right), sum) in left.iter().zip(right).zip(sums.iter_mut()) {
                *sum = left.mul_add(*right, *sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        }
    }

    #[test]
    fn sums_are_exact_at_the_ends_of_the_range() {
        for form in Int8Kernels::forms() {
            let shape = form.left_shape();
            for columns in [0, 1, 4, 30, 64, 65, 2048] {
                let mut draw = random(columns as u64);
                // The largest and smallest codes stand together, so that a saturating sum shows.
                let most = form.largest_code();
                let ends = [-most, most, 0, 1];
                let padded = shape.padded(columns);
                let rows: Vec<Vec<i8>> = (0..shape.rows)
                    .map(|_| {
                        let codes = (0..columns).map(|_| ends[draw() as usize % 4]);
                        codes.chain([0; 64]).take(padded).collect()
                    })
                    .collect();
                let mut left = vec![0; shape.rows * padded];
                for (place, row) in rows.iter().enumerate() {
                    shape.write(&mut left, place, row);
                }
                let right: Vec<RightGroup> = (0..padded / GROUP)
                    .map(|_| {
                        [(); RIGHT].map(|()| {
                            [(); GROUP].map(|()| (2 * most.unsigned_abs() + 1) - (draw() % 3) as u8)
                        })
                    })
                    .collect();
                let mut sums = vec![[3; RIGHT]; shape.rows];
                let mut alone = sums.clone();
                let products = form.products();
                products.sum(&left, &right, Before::Added, &mut sums);
                // Tiles stay configured until the last of a thread's is dropped.
                drop(form.products());
                products.sum(&left, &right, Before::Replaced, &mut alone);
                for (row, sums) in sums.iter().enumerate() {
                    for (column, &sum) in sums.iter().enumerate() {
                        let exact: i64 = rows[row]
                            .as_chunks::<GROUP>()
                            .0
                            .iter()
                            .zip(&right)
                            .flat_map(|(left, right)| left.iter().zip(&right[column]))
                            .map(|(&left, &right)| i64::from(left) * i64::from(right))
                            .sum();
                        let found = [sum, alone[row][column]].map(i64::from);
                        assert_eq!(found, [exact + 3, exact], "{} {row} {column}", form.name());
                    }
                }
            }
        }
    }

    #[test]
    fn survivors_are_those_of_a_bound_in_float64() {
        let mut draw = random(5);
        let mut real = || draw() as f32 / 2e9;
        for form in Int8Kernels::forms() {
            for count in [0, 1, 15, 16, 17, 31, 32] {
                let mut column = || -> Vec<f32> { (0..count).map(|_| real()).collect() };
                let [norms, scales, errors, sizes] = [(); 4].map(|()| column());
                let right = RightTerms {
                    norms: &norms,
                    scales: &scales,
                    errors: &errors,
                    sizes: &sizes,
                };
                let sums: Vec<Sums> = (0..form.left_shape().rows)
                    .map(|row| std::array::from_fn(|place| (place * 7 + row * 5) as i32 - 100))
                    .collect();
                let thresholds = [f32::NEG_INFINITY, 0.5, 1.0, f32::INFINITY, f32::NAN];
                let left: Vec<LeftTerms> = (0..5)
                    .map(|row| LeftTerms {
                        norm: 0.3,
                        scale: 0.01 * row as f32,
                        size: 0.2,
                        error: 0.1,
                        offset: 40,
                    })
                    .collect();
                let mut masks = [u32::MAX; 5];
                form.survivors(&sums, (&left, &thresholds), &right, &mut masks);
                for (row, threshold) in thresholds.into_iter().enumerate() {
                    for place in 0..32 {
                        let survives = masks[row] >> place & 1 == 1;
                        if place >= norms.len() {
                            assert!(!survives);
                            continue;
                        }
                        let sum = f64::from(sums[row][place] - 40);
                        let bound = 0.3 + f64::from(norms[place])
                            - 0.01 * row as f64 * f64::from(scales[place]) * sum
                            - 0.2 * f64::from(errors[place])
                            - 0.1 * f64::from(sizes[place]);
                        let near = (bound - f64::from(threshold)).abs() < 1e-5;
                        let is_pruned = bound >= f64::from(threshold);
                        assert!(near || survives != is_pruned, "{row} {place}");
                    }
                }
            }
        }
    }

    #[test]
    fn sums_by_lane_are_fused_and_in_the_order_of_the_values() {
        fn check<const OF: usize>(form: Int8Kernels, rows: &[[f32; PIECE]], is_one_left: bool) {
            let left = std::array::from_fn(|pair| &rows[if is_one_left { 0 } else { pair }]);
            let right = std::array::from_fn(|pair| &rows[PAIRS + pair]);
            let mut sums = vec![0.25; PAIRS * OF];
            form.add_products_by_lane::<OF>(&left, &right, &mut sums);
            for (pair, sums) in sums.chunks(OF).enumerate() {
                for (lane, sum) in sums.iter().enumerate() {
                    let mut expected = 0.25_f32;
                    for place in (lane..PIECE).step_by(OF) {
                        expected = left[pair][place].mul_add(right[pair][place], expected);
                    }
                    assert_eq!(sum.to_bits(), expected.to_bits(), "{} {OF}", form.name());
                }
            }
        }
        let mut draw = random(9);
        let rows: Vec<[f32; PIECE]> = (0..2 * PAIRS)
            .map(|_| std::array::from_fn(|_| draw() as f32 / 1e9 - 1.0))
            .collect();
        for form in Int8Kernels::forms() {
            for is_one_left in [false, true] {
                check::<LANES>(form, &rows, is_one_left);
                check::<4>(form, &rows, is_one_left);
                check::<2>(form, &rows, is_one_left);
                check::<1>(form, &rows, is_one_left);
            }
        }
    }
}

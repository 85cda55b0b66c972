//! Each order of summation against the engines' own functions, bit for bit, at d = 1 to 130.
//!
//! `tests/goldens/arithmetic/make_goldens.py` made the words with the real code. Expect no
//! difference in any bit, on any machine.

use super::*;
use crate::import::arithmetic::{faiss, hnswlib};

const COLUMNS: std::ops::RangeInclusive<usize> = 1..=130;
const ROWS: usize = 4;

/// The query and the rows of `make_goldens.py`: row 0 is the query.
fn rows(columns: usize) -> Vec<Vec<f32>> {
    let value = |index: usize| {
        let number = (index + 1000 * columns) as u32;
        let mixed = number.wrapping_mul(2_654_435_761);
        let mixed = (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519);
        (f64::from(mixed >> 8) / f64::from(1 << 23) - 1.0) as f32
    };
    (0..=ROWS)
        .map(|row| {
            (0..columns)
                .map(|column| value(row * columns + column))
                .collect()
        })
        .collect()
}

/// Consecutive words of a golden, as the functions wrote them.
struct Words(std::vec::IntoIter<[u8; 4]>);

impl Words {
    fn new(bytes: &[u8]) -> Self {
        Self(bytes.as_chunks().0.to_vec().into_iter())
    }

    /// Compares one function over all widths with the next words.
    fn check(&mut self, what: &str, function: impl Fn(&[f32], &[f32]) -> f32) {
        for columns in COLUMNS {
            let rows = rows(columns);
            for row in &rows[1..] {
                let expected = f32::from_le_bytes(self.0.next().expect("a word per row"));
                let found = function(&rows[0], row);
                assert_eq!(
                    found.to_bits(),
                    expected.to_bits(),
                    "{what}, {columns} columns: {found:?}, not {expected:?}"
                );
            }
        }
    }
}

#[test]
fn faiss_levels_sum_as_the_wheel_does() {
    let mut words = Words::new(include_bytes!(
        "../../../tests/goldens/arithmetic/faiss.bits"
    ));
    for level in [faiss::Level::None, faiss::Level::Avx2, faiss::Level::Avx512] {
        for batch in [Batch::One, Batch::Four] {
            words.check(&format!("L2 at {level:?}, {batch:?}"), |query, row| {
                faiss::squared_l2(query, row, level, batch)
            });
            words.check(
                &format!("products at {level:?}, {batch:?}"),
                |query, row| faiss::dot(query, row, level, batch),
            );
        }
    }
    assert_eq!(words.0.len(), 0);
}

#[test]
fn hnswlib_builds_sum_as_compiled() {
    let mut words = Words::new(include_bytes!(
        "../../../tests/goldens/arithmetic/hnswlib.bits"
    ));
    for arithmetic in Arithmetic::ALL {
        let orders = hnswlib::Orders::of(arithmetic);
        words.check(&format!("{arithmetic} L2"), |query, row| {
            orders.l2.squared_l2(query, row)
        });
        words.check(&format!("{arithmetic} products"), |query, row| {
            1.0 - orders.dot.dot(query, row)
        });
        words.check(&format!("{arithmetic} unit length"), |_, row| {
            let mut row = row.to_vec();
            orders.normalize(&mut row);
            row[0]
        });
    }
    assert_eq!(words.0.len(), 0);
}

/// Names are unique, and each is read as what it names.
#[test]
fn names_are_read_back() {
    for arithmetic in Arithmetic::ALL {
        assert_eq!(arithmetic.to_string().parse(), Ok(arithmetic));
    }
    let unknown = "neon".parse::<Arithmetic>().expect_err("no such name");
    assert!(unknown.to_string().contains("avx512-zen4"), "{unknown}");
}

/// The code that the dispatch compiles for this machine gives the bits of plain code.
#[test]
fn dispatched_code_keeps_the_bits() {
    struct Sum<'a>(EngineBuild, Metric, &'a [f32], &'a [f32], Batch);
    impl pulp::WithSimd for Sum<'_> {
        type Output = f32;
        #[inline(always)]
        #[expect(clippy::inline_always, reason = "as in the kernels")]
        fn with_simd<S: pulp::Simd>(self, _simd: S) -> f32 {
            self.0.reduced_distance(self.1, self.2, self.3, self.4)
        }
    }
    let arch = pulp::Arch::new();
    for engine in [Engine::Faiss, Engine::Hnswlib] {
        for arithmetic in Arithmetic::ALL {
            let build = EngineBuild { engine, arithmetic };
            for metric in [Metric::L2, Metric::InnerProduct] {
                for batch in [Batch::One, Batch::Four] {
                    for columns in 0..=130 {
                        let rows = rows(columns);
                        let plain = build.reduced_distance(metric, &rows[0], &rows[1], batch);
                        let fast = arch.dispatch(Sum(build, metric, &rows[0], &rows[1], batch));
                        assert_eq!(
                            plain.to_bits(),
                            fast.to_bits(),
                            "{build} {metric} {columns}"
                        );
                    }
                }
            }
        }
    }
}

//! The arithmetic of engines' distances: the order of summation of each build, to the last bit.
//!
//! Two rows whose distances agree to rounding are ranked by the last bits of a float32 sum, and
//! those depend on the vector instructions and on the compiler. A prediction agrees with an engine
//! in every id only in the engine's own order: [`EngineBuild`] names it, `faiss`,
//! `hnswlib`, `usearch` and `diskann` hold the orders, and [`sums`] adds.
//!
//! All orders run on all machines and give the same bits there; `tests/goldens/arithmetic` has the
//! engines' own. Cost: one chain of d/8 or d/16 dependent additions a row, one to three times the
//! time of [`annatomy_vectors::kernels`] on rows in cache (`benches/arithmetic.rs`).

mod diskann;
mod faiss;
mod hnswlib;
mod machine;
mod sums;
#[cfg(test)]
mod tests;
mod usearch;

pub use diskann::{DiskAnnScalar, diskann_distance};
pub use faiss::{Batch, Level, dot, squared_l2};
pub use usearch::{UsearchLevel, UsearchScalar, usearch_distance};

use super::saved_index::Engine;
use annatomy_vectors::{Matrix, Metric};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How an engine was compiled, where that decides the order of its sums.
///
/// FAISS has three orders: [`Plain`](Self::Plain) to [`Avx`](Self::Avx) are its level `NONE`, those
/// of AVX2 its level `AVX2`, those of AVX-512 its levels `AVX512` and `AVX512_SPR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Arithmetic {
    /// One after the other, as hnswlib without SIMD.
    Plain,
    /// SSE: `-march=x86-64`.
    Sse,
    /// AVX without FMA.
    Avx,
    /// AVX2 and FMA, by GCC for Intel: `-march=haswell`.
    Avx2,
    /// AVX2 and FMA, by GCC for AMD: `-march=znver3`.
    Avx2Zen,
    /// AVX2 and FMA, by Clang.
    Avx2Clang,
    /// AVX-512, by GCC for Intel: `-march=skylake-avx512`, and on Sapphire Rapids to GCC 12.
    Avx512,
    /// AVX-512, by GCC from 13 on for Sapphire Rapids: `-march=sapphirerapids`.
    Avx512Spr,
    /// AVX-512, by GCC for AMD Zen 4: `-march=znver4`, and on Zen 5 to GCC 13.
    Avx512Zen4,
    /// AVX-512, by GCC from 14 on for AMD Zen 5: `-march=znver5`.
    Avx512Zen5,
    /// AVX-512, by Clang.
    Avx512Clang,
}

impl Arithmetic {
    /// All, from the narrowest vectors to the widest.
    pub const ALL: [Self; 11] = [
        Self::Plain,
        Self::Sse,
        Self::Avx,
        Self::Avx2,
        Self::Avx2Zen,
        Self::Avx2Clang,
        Self::Avx512,
        Self::Avx512Spr,
        Self::Avx512Zen4,
        Self::Avx512Zen5,
        Self::Avx512Clang,
    ];

    /// The name by which an option asks for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sse => "sse",
            Self::Avx => "avx",
            Self::Avx2 => "avx2",
            Self::Avx2Zen => "avx2-zen",
            Self::Avx2Clang => "avx2-clang",
            Self::Avx512 => "avx512",
            Self::Avx512Spr => "avx512-spr",
            Self::Avx512Zen4 => "avx512-zen4",
            Self::Avx512Zen5 => "avx512-zen5",
            Self::Avx512Clang => "avx512-clang",
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown arithmetic {0:?}; there are auto, {names}", names = all_names())]
pub struct UnknownArithmetic(String);

fn all_names() -> String {
    Arithmetic::ALL.map(Arithmetic::name).join(", ")
}

impl FromStr for Arithmetic {
    type Err = UnknownArithmetic;

    fn from_str(name: &str) -> Result<Self, UnknownArithmetic> {
        Self::ALL
            .into_iter()
            .find(|arithmetic| arithmetic.name() == name)
            .ok_or_else(|| UnknownArithmetic(name.to_owned()))
    }
}

/// An engine and the arithmetic that it was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineBuild {
    /// Whose distances.
    pub engine: Engine,
    /// In which order they are summed.
    pub arithmetic: Arithmetic,
}

impl EngineBuild {
    /// `engine` in the arithmetic named, or else as it runs on this machine.
    ///
    /// DiskANN has one order on every machine, whatever is named.
    pub fn new(engine: Engine, arithmetic: Option<Arithmetic>) -> Self {
        match arithmetic {
            Some(arithmetic) if engine != Engine::DiskAnn => Self { engine, arithmetic },
            _ => Self::on_this_machine(engine),
        }
    }

    /// `engine` as it runs on this machine: FAISS at the level that its wheel dispatches to,
    /// hnswlib as a compiler builds it here.
    ///
    /// hnswlib depends on the compiler as well: the newest GCC installed here is assumed, or GCC 14
    /// where there is none.
    pub fn on_this_machine(engine: Engine) -> Self {
        let arithmetic = match engine {
            Engine::Faiss => machine::faiss(),
            Engine::Hnswlib => machine::hnswlib(),
            Engine::Usearch => machine::usearch(),
            Engine::DiskAnn => Arithmetic::Avx2,
        };
        Self { engine, arithmetic }
    }

    /// The reduced distance that the engine compares: ‖a − b‖², −a·b (FAISS), 1 − a·b (hnswlib,
    /// usearch).
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "runs inside a dispatch, whose instructions only inlined code gets"
    )]
    pub(super) fn reduced_distance(
        self,
        metric: Metric,
        query: &[f32],
        row: &[f32],
        batch: Batch,
    ) -> f32 {
        match self.engine {
            Engine::Faiss => {
                let level = faiss::Level::of(self.arithmetic);
                match metric {
                    Metric::L2 => faiss::squared_l2(query, row, level, batch),
                    Metric::InnerProduct | Metric::Cosine => -faiss::dot(query, row, level, batch),
                }
            }
            Engine::Hnswlib => {
                let orders = hnswlib::Orders::of(self.arithmetic);
                match metric {
                    Metric::L2 => orders.l2.squared_l2(query, row),
                    Metric::InnerProduct | Metric::Cosine => 1.0 - orders.dot.dot(query, row),
                }
            }
            Engine::Usearch => {
                let level = UsearchLevel::of(self.arithmetic);
                usearch_distance(UsearchScalar::Float32, metric, query, row, level)
            }
            Engine::DiskAnn => diskann_distance(DiskAnnScalar::Float32, metric, query, row),
        }
    }

    /// Whether the engine can have given `returned` as the distance of `row` from `query`.
    ///
    /// `returned` is the engine's own figure: squared for L2, a·b (FAISS) or 1 − a·b (hnswlib).
    /// Compared bit for bit; of FAISS, as one row or as one of four.
    pub fn gives(self, metric: Metric, query: &[f32], row: &[f32], returned: f32) -> bool {
        let sign = match (self.engine, metric) {
            (Engine::Faiss, Metric::InnerProduct | Metric::Cosine) => -1.0,
            _ => 1.0,
        };
        [Batch::One, Batch::Four].into_iter().any(|batch| {
            let own = sign * self.reduced_distance(metric, query, row, batch);
            own.to_bits() == returned.to_bits()
        })
    }

    /// Scales rows to unit length as the engine itself does for cosine; whether it does.
    ///
    /// hnswlib's cosine space scales rows and queries, in float32 and of unit length or not. FAISS
    /// has no such metric and usearch divides by the lengths: nothing is changed.
    pub fn normalize_rows(self, rows: &mut Matrix) -> bool {
        if self.engine != Engine::Hnswlib {
            return false;
        }
        let orders = hnswlib::Orders::of(self.arithmetic);
        for row in 0..rows.rows() {
            orders.normalize(rows.row_mut(row));
        }
        true
    }
}

impl fmt::Display for EngineBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.engine, self.arithmetic)
    }
}

//! The study of methods: what was measured, what methods leave at equal overlap, and `methods.csv`.
//!
//! Enters: per run one curve per method and codes, a point per (effort, k) ([`MethodsRun`]). Leaves: each
//! measure at equal overlaps, and paired differences over runs ([`equal_overlap`]).

mod equal_overlap;
mod table;

pub use equal_overlap::{
    Ceiling, Comparison, Difference, EqualOverlap, Level, TARGETS, at_overlap, equal_overlap,
};
pub use table::csv;

use serde::{Deserialize, Serialize};

/// A way to the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MethodName {
    /// Malkov & Yashunin 2018, as the settings' preset builds it; its effort is ef.
    Hnsw,
    /// Subramanya et al. 2019; its effort is L.
    Vamana,
    /// An inverted file; its effort is nprobe.
    Ivf,
}

/// How rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodesName {
    /// As they are.
    Float32,
    /// Rounded.
    Float16,
    /// FAISS's `QT_8bit`.
    #[serde(rename = "sq8")]
    EightBits,
    /// 8 bits for up to eight columns.
    #[serde(rename = "pq")]
    Product,
}

impl MethodName {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Hnsw, Self::Vamana, Self::Ivf];

    /// As a report names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hnsw => "HNSW",
            Self::Vamana => "Vamana",
            Self::Ivf => "IVF",
        }
    }
}

impl CodesName {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Float32, Self::Float16, Self::EightBits, Self::Product];

    /// As a report names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::EightBits => "SQ8",
            Self::Product => "PQ",
        }
    }
}

/// What one run measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodsRun {
    /// Queries.
    pub queries: usize,
    /// The exact neighbors of these queries, per k.
    pub exact: Vec<ExactGeometry>,
    /// Methods within codes.
    pub curves: Vec<MethodCurve>,
}

/// Hubness of the exact neighbors: how unevenly rows occur among them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExactGeometry {
    /// Neighbors of each query.
    pub k: usize,
    /// Skewness of the k-occurrences.
    pub skewness: f64,
    /// Their Robin Hood index.
    pub robin_hood: f64,
}

/// One method over one kind of codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodCurve {
    /// The method.
    pub method: MethodName,
    /// The codes.
    pub codes: CodesName,
    /// Bytes of a row.
    pub code_bytes: usize,
    /// ks within efforts, both ascending.
    pub points: Vec<MethodPoint>,
}

/// Means over queries at one (effort, k), in corrected conventions; NaN where no query has the figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MethodPoint {
    /// ef, L or nprobe.
    pub effort: usize,
    /// Neighbors asked for.
    pub k: usize,
    /// Share of filled slots.
    pub fill: f64,
    /// |E∩A|/k, ties counted.
    pub overlap: f64,
    /// By id alone.
    pub overlap_strict: f64,
    /// Mean over filled ranks of `d_A(i)/d_E(i)` − 1.
    pub relative_distance_error: f64,
    /// ‖mean(E) − mean(A)‖ / r.
    pub barycenter_shift: f64,
    /// LID of the exact neighbors.
    pub lid_exact: f64,
    /// LID of the returned neighbors.
    pub lid_returned: f64,
    /// Skewness of how often rows are returned.
    pub skewness: f64,
    /// Robin Hood index of it.
    pub robin_hood: f64,
    /// Mean distance in ranks of true neighbors returned from their places, over k.
    pub displacement: f64,
    /// Distances evaluated a query.
    pub evaluations: f64,
    /// Bytes read a query.
    pub bytes: f64,
}

impl MethodPoint {
    /// By how much the returned neighbors' LID exceeds the exact ones', as a share.
    pub fn lid_bias(&self) -> f64 {
        self.lid_returned / self.lid_exact - 1.0
    }
}

/// What a search may bend; 0 is faithful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bent {
    /// Relative distance error.
    RelativeDistanceError,
    /// Barycenter shift.
    BarycenterShift,
    /// LID bias, as a share of the exact LID.
    LidBias,
    /// Skewness of k-occurrences less that of the exact neighbors.
    SkewnessChange,
    /// Robin Hood index less that of the exact neighbors.
    RobinHoodChange,
    /// Rank displacement.
    Displacement,
}

impl Bent {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::RelativeDistanceError,
        Self::BarycenterShift,
        Self::LidBias,
        Self::SkewnessChange,
        Self::RobinHoodChange,
        Self::Displacement,
    ];

    /// Its value at `point`, whose exact neighbors are `exact`.
    pub fn of(self, point: &MethodPoint, exact: &ExactGeometry) -> f64 {
        match self {
            Self::RelativeDistanceError => point.relative_distance_error,
            Self::BarycenterShift => point.barycenter_shift,
            Self::LidBias => point.lid_bias(),
            Self::SkewnessChange => point.skewness - exact.skewness,
            Self::RobinHoodChange => point.robin_hood - exact.robin_hood,
            Self::Displacement => point.displacement,
        }
    }
}

impl MethodsRun {
    /// The points of a system at `k`, by effort.
    pub fn curve(&self, method: MethodName, codes: CodesName, k: usize) -> Vec<&MethodPoint> {
        let mut curves = self.curves.iter();
        let curve = curves.find(|curve| (curve.method, curve.codes) == (method, codes));
        let points = curve.map_or(&[][..], |curve| &curve.points);
        points.iter().filter(|point| point.k == k).collect()
    }
}

//! Kinds of distance and score that engines return with their ids.
//!
//! | kind | returned by |
//! |---|---|
//! | L2, squared L2 | FAISS, hnswlib, usearch (squared); pgvector, Qdrant, ann-benchmarks (L2) |
//! | 1 − cos, cos | hnswlib, usearch, Weaviate; FAISS over unit rows, Qdrant, Milvus |
//! | √(2 − 2 cos), 2 − 2 cos, arccos | L2 over unit rows; Vespa |
//! | inner product, negated, 1 − it | FAISS, Milvus; pgvector; hnswlib, usearch |
//! | scores | Elasticsearch, OpenSearch, Lucene, Vespa |

use annatomy_vectors::{Metric, kernels};
use serde::{Serialize, Serializer};
use std::fmt;

/// What the distance or the score of two vectors may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistanceKind {
    /// ‖x − y‖.
    L2,
    /// ‖x − y‖².
    SquaredL2,
    /// 1/(1 + ‖x − y‖²), Elasticsearch's and OpenSearch's score.
    ScoreOfSquaredL2,
    /// 1/(1 + ‖x − y‖), Vespa's closeness.
    ScoreOfL2,
    /// 1 − cos.
    Cosine,
    /// cos.
    CosineSimilarity,
    /// (1 + cos)/2, Elasticsearch's and OpenSearch's score.
    CosineScore,
    /// 1/(2 − cos), the score of OpenSearch's nmslib engine.
    CosineCloseness,
    /// √(2 − 2 cos), L2 between unit vectors.
    Chord,
    /// 2 − 2 cos, squared L2 between unit vectors.
    SquaredChord,
    /// arccos.
    Angle,
    /// ⟨x, y⟩.
    InnerProduct,
    /// −⟨x, y⟩.
    NegatedInnerProduct,
    /// 1 − ⟨x, y⟩, hnswlib's and usearch's distance.
    OneLessInnerProduct,
    /// (1 + ⟨x, y⟩)/2, Elasticsearch's score for dot products.
    InnerProductScore,
    /// 1 + ⟨x, y⟩ from 0 up, 1/(1 − ⟨x, y⟩) below: the score for a maximum inner product.
    MaximumInnerProductScore,
}

/// What a kind of distance needs of two vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    squared_l2: f64,
    dot: f64,
    lengths: f64,
}

impl Pair {
    pub(crate) fn new(x: &[f32], y: &[f32]) -> Self {
        let lengths = (kernels::dot_f64(x, x) * kernels::dot_f64(y, y)).sqrt();
        Self {
            squared_l2: kernels::l2_squared_f64(x, y),
            dot: kernels::dot_f64(x, y),
            lengths: lengths.max(f64::MIN_POSITIVE),
        }
    }

    fn l2(&self) -> f64 {
        self.squared_l2.sqrt()
    }
}

impl DistanceKind {
    /// All kinds; of kinds that agree on given vectors the first is named.
    pub(crate) const ALL: [Self; 16] = [
        Self::L2,
        Self::SquaredL2,
        Self::Cosine,
        Self::CosineSimilarity,
        Self::InnerProduct,
        Self::NegatedInnerProduct,
        Self::OneLessInnerProduct,
        Self::ScoreOfSquaredL2,
        Self::ScoreOfL2,
        Self::CosineScore,
        Self::CosineCloseness,
        Self::Chord,
        Self::SquaredChord,
        Self::Angle,
        Self::InnerProductScore,
        Self::MaximumInnerProductScore,
    ];

    /// The distance or score of a pair.
    pub(crate) fn of(self, pair: &Pair) -> f64 {
        let Pair {
            squared_l2, dot, ..
        } = *pair;
        let cos = dot / pair.lengths;
        match self {
            Self::L2 => pair.l2(),
            Self::SquaredL2 => squared_l2,
            Self::ScoreOfSquaredL2 => 1.0 / (1.0 + squared_l2),
            Self::ScoreOfL2 => 1.0 / (1.0 + pair.l2()),
            Self::Cosine => 1.0 - cos,
            Self::CosineSimilarity => cos,
            Self::CosineScore => f64::midpoint(1.0, cos),
            Self::CosineCloseness => 1.0 / (2.0 - cos),
            Self::Chord => (2.0 - 2.0 * cos).max(0.0).sqrt(),
            Self::SquaredChord => 2.0 - 2.0 * cos,
            Self::Angle => cos.clamp(-1.0, 1.0).acos(),
            Self::InnerProduct => dot,
            Self::NegatedInnerProduct => -dot,
            Self::OneLessInnerProduct => 1.0 - dot,
            Self::InnerProductScore => f64::midpoint(1.0, dot),
            Self::MaximumInnerProductScore if dot < 0.0 => 1.0 / (1.0 - dot),
            Self::MaximumInnerProductScore => 1.0 + dot,
        }
    }

    /// The metric by which this kind orders neighbors.
    pub fn metric(self) -> Metric {
        match self {
            Self::L2 | Self::SquaredL2 | Self::ScoreOfSquaredL2 | Self::ScoreOfL2 => Metric::L2,
            Self::Cosine
            | Self::CosineSimilarity
            | Self::CosineScore
            | Self::CosineCloseness
            | Self::Chord
            | Self::SquaredChord
            | Self::Angle => Metric::Cosine,
            Self::InnerProduct
            | Self::NegatedInnerProduct
            | Self::OneLessInnerProduct
            | Self::InnerProductScore
            | Self::MaximumInnerProductScore => Metric::InnerProduct,
        }
    }
}

impl fmt::Display for DistanceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::L2 => "l2",
            Self::SquaredL2 => "squared l2",
            Self::ScoreOfSquaredL2 => "l2 score, 1/(1 + squared l2)",
            Self::ScoreOfL2 => "l2 closeness, 1/(1 + l2)",
            Self::Cosine => "cosine distance, 1 − cos",
            Self::CosineSimilarity => "cosine similarity",
            Self::CosineScore => "cosine score, (1 + cos)/2",
            Self::CosineCloseness => "cosine closeness, 1/(2 − cos)",
            Self::Chord => "l2 between unit vectors, √(2 − 2 cos)",
            Self::SquaredChord => "squared l2 between unit vectors, 2 − 2 cos",
            Self::Angle => "angle, arccos",
            Self::InnerProduct => "inner product",
            Self::NegatedInnerProduct => "negated inner product",
            Self::OneLessInnerProduct => "1 − inner product",
            Self::InnerProductScore => "inner product score, (1 + inner product)/2",
            Self::MaximumInnerProductScore => "maximum inner product score, 1 + inner product",
        })
    }
}

impl Serialize for DistanceKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (3, 4) and (4, 3): squared L2 2, inner product 24, cosine .96; (3, 4) and (−4, −3): 98,
    /// −24, −.96.
    #[test]
    fn every_kind_has_its_value() {
        let near = Pair::new(&[3.0, 4.0], &[4.0, 3.0]);
        let right = [
            (DistanceKind::L2, std::f64::consts::SQRT_2),
            (DistanceKind::SquaredL2, 2.0),
            (DistanceKind::ScoreOfSquaredL2, 0.333_333_333),
            (DistanceKind::ScoreOfL2, 0.414_213_562),
            (DistanceKind::Cosine, 0.04),
            (DistanceKind::CosineSimilarity, 0.96),
            (DistanceKind::CosineScore, 0.98),
            (DistanceKind::CosineCloseness, 0.961_538_462),
            (DistanceKind::Chord, 0.282_842_712),
            (DistanceKind::SquaredChord, 0.08),
            (DistanceKind::Angle, 0.283_794_109),
            (DistanceKind::InnerProduct, 24.0),
            (DistanceKind::NegatedInnerProduct, -24.0),
            (DistanceKind::OneLessInnerProduct, -23.0),
            (DistanceKind::InnerProductScore, 12.5),
            (DistanceKind::MaximumInnerProductScore, 25.0),
        ];
        for (kind, value) in right {
            assert!((kind.of(&near) - value).abs() < 1e-8, "{kind}");
        }
        let far = Pair::new(&[3.0, 4.0], &[-4.0, -3.0]);
        let score = DistanceKind::MaximumInnerProductScore.of(&far);
        assert!((score - 0.04).abs() < 1e-12, "1/(1 + 24)");
    }

    #[test]
    fn a_row_of_zeros_has_no_angle_and_no_panic() {
        let pair = Pair::new(&[0.0, 0.0], &[4.0, 3.0]);
        for kind in DistanceKind::ALL {
            assert!(!kind.of(&pair).is_nan(), "{kind}");
        }
    }
}

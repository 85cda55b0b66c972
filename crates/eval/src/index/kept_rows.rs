//! What an index derives from the caller's rows and keeps: at unit length for cosine, scaled where
//! float32 cannot hold their squares, and SQ8 codes.

use super::IndexError;
use annatomy_hnsw::Sq8Codes;
use annatomy_vectors::kernels::Stored;
use annatomy_vectors::transform::normalize_rows;
use annatomy_vectors::{Matrix, MatrixView, Metric, PowerOfTwoScale, validate};

/// The rows as a graph measures them, where those are not the caller's, and the scale of them.
pub(super) struct KeptRows {
    pub(super) own: Option<Matrix>,
    pub(super) scale: Option<PowerOfTwoScale>,
}

impl KeptRows {
    pub(super) fn of<S: Stored>(
        rows: MatrixView<'_, S>,
        metric: Metric,
    ) -> Result<Self, IndexError> {
        let mut own = measured(rows, metric, "rows")?;
        let scale = PowerOfTwoScale::for_rows(rows, metric);
        if let Some(scale) = scale {
            own = Some(scale.scaled(rows));
        }
        Ok(Self { own, scale })
    }

    pub(super) fn view(&self) -> Option<MatrixView<'_>> {
        self.own.as_ref().map(Matrix::view)
    }

    /// SQ8 codes of them, or else of `rows`.
    pub(super) fn codes<S: Stored>(
        &self,
        rows: MatrixView<'_, S>,
        metric: Metric,
    ) -> Option<Sq8Codes> {
        match (self.scale, self.view()) {
            (Some(_), _) => None,
            (None, Some(own)) => Sq8Codes::if_worthwhile(own, metric),
            (None, None) => Sq8Codes::if_worthwhile(rows, metric),
        }
    }
}

/// Checks `rows`; for cosine a copy of them at unit length.
pub(super) fn measured<S: Stored>(
    rows: MatrixView<'_, S>,
    metric: Metric,
    what: &'static str,
) -> Result<Option<Matrix>, IndexError> {
    let unusable = |source| IndexError::Values { what, source };
    validate::check(rows, metric).map_err(unusable)?;
    if metric != Metric::Cosine {
        return Ok(None);
    }
    let mut copy = rows.widened();
    normalize_rows(&mut copy).map_err(unusable)?;
    Ok(Some(copy))
}

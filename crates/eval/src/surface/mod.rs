//! The (ef, k) surface: overlap and fill of every effort and neighbor count, from one traversal a query.

mod grid;
mod quantiles;

pub use grid::SurfaceGrid;
pub use quantiles::effort_quantiles;

//! The sections of the page, in its order.

mod artefacts;
pub(super) mod breakpoints;
pub(super) mod conventions;
pub(super) mod engines;
pub(super) mod experiments;
pub(super) mod facts;
pub(super) mod headline;
pub(super) mod illustrations;
pub(super) mod methods;
pub(super) mod order;
pub(super) mod settings;
pub(super) mod sources;
pub(super) mod surface;
pub(super) mod tail;

//! Numbers, names and verdicts as text.

pub(crate) mod methods;
pub(crate) mod number;

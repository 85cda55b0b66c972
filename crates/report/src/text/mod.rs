//! Numbers and names as text.

pub(crate) mod number;

//! From float32 candidates to certified neighbors: selection, exact reranking, the certificate.

mod certificate;
mod evaluate;
mod rerank;
mod select;

pub(crate) use certificate::{Candidate, Reranker, UNDERFLOW};
pub(crate) use evaluate::{FromRows, Repeats};
pub(crate) use rerank::{ExactRerank, MARGIN, limit};
pub(crate) use select::Selection;

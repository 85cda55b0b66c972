//! Audits of graphs and of given answers; one binary, so that the crate is linked once.

mod advice;
mod audit;
mod audit_given;
mod built_here;
mod compare;
mod growth;
mod methods;
mod per_query;
mod saved_index;
mod selectivity;

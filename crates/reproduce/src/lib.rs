//! Reproduction of the published study from its raw data.
//!
//! recipe → what is missing → downloads → the images of every run → embeddings, kept → a study's
//! settings
//!
//! * [`Recipe`]: addresses, checksums, subsets; the study's own, or a file of the same form;
//! * [`Reproduction`]: a recipe with a folder for data; says what it will do ([`Plan`]), then does
//!   what is not done.
//!
//! **Everything that costs minutes is kept in the data folder and found again**, under its
//! checksum. The study itself is [`annatomy::study`]'s; the figures are compared with the published
//! ones by [`annatomy::published`].

#![deny(missing_docs)]

mod cache;
mod error;
mod plan;
mod recipe;
mod reproduction;

pub use cache::data_folder;
pub use error::ReproduceError;
pub use plan::{Missing, Plan};
pub use recipe::{Recipe, RecipeError};
pub use reproduction::Reproduction;

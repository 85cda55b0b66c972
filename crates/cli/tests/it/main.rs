//! The command as a user meets it; one binary, so that the crate is linked once.

mod audit;
mod command;
#[path = "../../../embed/tests/common/mod.rs"]
mod drawn;
mod drawn_weights;
mod embed;
#[cfg(unix)]
mod hostile;
mod manual;
mod output_folder;
mod reproduce;
#[path = "../../../fetch/tests/common/mod.rs"]
mod server;
mod study_limits;

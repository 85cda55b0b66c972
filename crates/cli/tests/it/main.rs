//! The command as a user meets it; one binary, so that the crate is linked once.

mod audit;
mod command;
#[cfg(target_os = "linux")]
mod disturbed;
#[path = "../../../embed/tests/common/mod.rs"]
mod drawn;
mod drawn_weights;
mod embed;
mod explorer;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod interrupted;
mod keys;
mod manual;
#[cfg(target_os = "linux")]
mod memory_limit;
mod output_folder;
mod partial;
mod questions;
mod reproduce;
#[path = "../../../fetch/tests/common/mod.rs"]
mod server;
mod study_limits;
#[cfg(unix)]
mod twins;
mod user;

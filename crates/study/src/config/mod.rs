//! Settings of a study: defaults, then a file (TOML, or the study's own YAML), then what the caller
//! says.

mod check;
mod file;
mod grid;
mod settings;
mod study_keys;
mod study_yaml;
mod toml_file;

pub use check::{SettingsError, check};
pub use file::{ConfigError, ConfigFile, read};
pub use grid::{GridError, parse_ks};
pub use settings::{Overrides, RESNET50_LIKE, defaults};
pub use study_keys::UnreadKey;

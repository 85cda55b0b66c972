//! The default data folder.

use std::env::var_os;
use std::path::PathBuf;

/// `ANNATOMY_CACHE`, else `annatomy` in the system's folder for caches; `None` where the
/// environment names no home.
pub fn data_folder() -> Option<PathBuf> {
    let folder = |name: &str| {
        var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    folder("ANNATOMY_CACHE").or_else(|| {
        let caches = if cfg!(windows) {
            folder("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            folder("HOME").map(|home| home.join("Library/Caches"))
        } else {
            folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
        };
        caches.map(|caches| caches.join("annatomy"))
    })
}

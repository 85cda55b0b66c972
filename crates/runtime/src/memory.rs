//! How much more memory this process may ask for, so that work is refused with numbers instead of
//! ending in an abort.
//!
//! The smallest of these, each where the system says it (Linux):
//!
//! | source | what is left |
//! |---|---|
//! | `/proc/meminfo` | `MemAvailable` |
//! | the control group and those above it | limit − (use − page cache that can be reclaimed) |
//! | `RLIMIT_AS` (`ulimit -v`) | three quarters of limit − `VmSize`, less 64 MiB |
//! | `RLIMIT_DATA` (`ulimit -d`) | limit − `VmData` |
//!
//! Cost: some small files are read, about 0.1 ms. The answer is an estimate: other processes ask
//! for memory too. Does not: know limits of systems other than Linux.

use std::borrow::Cow;
use std::path::Path;

/// More memory is needed than is available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} of memory are needed for {what}, and {}", bytes_in_words(*.needed), available_in_words(*.available))]
pub struct NotEnoughMemory {
    /// What the memory is for, one thing or several, with its article.
    pub what: Cow<'static, str>,
    /// Bytes that it takes.
    pub needed: u64,
    /// Bytes that this process can still get.
    pub available: u64,
}

/// Bytes that this process can still ask for; none where the system does not say.
///
/// ```
/// if let Some(bytes) = annatomy_runtime::available_memory() {
///     assert!(bytes > 0);
/// }
/// ```
pub fn available_memory() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let status = read("/proc/self/status").unwrap_or_default();
    let limits = read("/proc/self/limits").unwrap_or_default();
    let system = read("/proc/meminfo").and_then(|text| kibibytes(&text, "MemAvailable:"));
    let address_space = soft_limit(&limits, "Max address space")
        .zip(kibibytes(&status, "VmSize:"))
        .map(|(limit, used)| less_what_is_only_reserved(limit.saturating_sub(used)));
    let data = soft_limit(&limits, "Max data size")
        .zip(kibibytes(&status, "VmData:"))
        .map(|(limit, used)| limit.saturating_sub(used));
    let groups = read("/proc/self/cgroup")
        .and_then(|text| left_in_control_groups(&text, Path::new("/sys/fs/cgroup")));
    [system, address_space, data, groups]
        .into_iter()
        .flatten()
        .min()
}

/// Of the address space that is left, what can be asked for: allocators reserve address space
/// beyond what is used, 64 MiB and more per thread.
fn less_what_is_only_reserved(left: u64) -> u64 {
    (left - left / 4).saturating_sub(64 << 20)
}

/// Refuses work that needs more than is available; `what` is named in the error.
///
/// ```
/// let error = annatomy_runtime::check_memory("a table of all pairs", u64::MAX);
/// if annatomy_runtime::available_memory().is_some() {
///     assert!(error.is_err());
/// }
/// ```
pub fn check_memory(
    what: impl Into<Cow<'static, str>>,
    needed: u64,
) -> Result<(), NotEnoughMemory> {
    match available_memory() {
        Some(available) if needed > available => Err(NotEnoughMemory {
            what: what.into(),
            needed,
            available,
        }),
        _ => Ok(()),
    }
}

/// Bytes with a unit that leaves three figures: `1.25 GB`.
///
/// ```
/// assert_eq!(annatomy_runtime::bytes_in_words(1_250_000_000), "1.25 GB");
/// assert_eq!(annatomy_runtime::bytes_in_words(999), "999 bytes");
/// ```
pub fn bytes_in_words(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let (mut value, mut unit) = (bytes as f64 / 1e3, UNITS[0]);
    for larger in &UNITS[1..] {
        if value < 999.5 {
            break;
        }
        (value, unit) = (value / 1e3, larger);
    }
    let decimals = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// What is left: `12.3 kB are available`, or that nothing is.
///
/// ```
/// assert_eq!(annatomy_runtime::available_in_words(0), "none is available");
/// assert_eq!(annatomy_runtime::available_in_words(12_345), "12.3 kB are available");
/// ```
pub fn available_in_words(bytes: u64) -> String {
    match bytes {
        0 => "none is available".to_owned(),
        bytes => format!("{} are available", bytes_in_words(bytes)),
    }
}

/// The value of a line such as `MemAvailable:   123 kB`.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.split_whitespace().next()?.parse().ok()?;
    number.checked_mul(1024)
}

/// The soft limit in a line of `/proc/self/limits`; none where it is unlimited.
fn soft_limit(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What the strictest control group leaves. `text` is `/proc/self/cgroup`.
fn left_in_control_groups(text: &str, root: &Path) -> Option<u64> {
    let mut strictest: Option<u64> = None;
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (folder, names) = if controllers.is_empty() {
            (root.to_owned(), &UNIFIED)
        } else if controllers.split(',').any(|name| name == "memory") {
            (root.join("memory"), &MEMORY_ONLY)
        } else {
            continue;
        };
        // Within a container the group's path may be one of the host: what is missing is skipped.
        for above in Path::new(group.trim_start_matches('/')).ancestors() {
            let left = left_in_group(&folder.join(above), names);
            strictest = [strictest, left].into_iter().flatten().min();
        }
    }
    strictest
}

/// Files of a control group.
struct GroupFiles {
    limit: &'static str,
    used: &'static str,
    /// The line of `memory.stat` with page cache that the kernel gives up first.
    reclaimable: &'static str,
}

/// Version 2.
const UNIFIED: GroupFiles = GroupFiles {
    limit: "memory.max",
    used: "memory.current",
    reclaimable: "inactive_file ",
};

/// Version 1.
const MEMORY_ONLY: GroupFiles = GroupFiles {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file ",
};

fn left_in_group(folder: &Path, files: &GroupFiles) -> Option<u64> {
    let number = |name| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        text.trim().parse::<u64>().ok()
    };
    // `max` in version 2 is no number: no limit.
    let (limit, used) = (number(files.limit)?, number(files.used)?);
    let statistics = std::fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let reclaimable = statistics
        .lines()
        .find_map(|line| line.strip_prefix(files.reclaimable)?.trim().parse().ok())
        .unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(reclaimable)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc_are_read() {
        let meminfo = "MemTotal:  16 kB\nMemAvailable:     12 kB\n";
        assert_eq!(kibibytes(meminfo, "MemAvailable:"), Some(12 * 1024));
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max data size             unlimited            unlimited            bytes\n\
                      Max address space         409600000            unlimited            bytes\n";
        assert_eq!(soft_limit(limits, "Max address space"), Some(409_600_000));
        assert_eq!(soft_limit(limits, "Max data size"), None);
    }

    #[test]
    fn the_strictest_control_group_counts_and_page_cache_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let group = |path: &str, limit: &str| {
            let group = folder.path().join(path);
            std::fs::create_dir_all(&group).unwrap();
            std::fs::write(group.join("memory.max"), limit).unwrap();
            std::fs::write(group.join("memory.current"), "700\n").unwrap();
            std::fs::write(group.join("memory.stat"), "anon 300\ninactive_file 400\n").unwrap();
        };
        group("", "max\n");
        group("outer", "1000\n");
        group("outer/inner", "max\n");
        let left = left_in_control_groups("0::/outer/inner\n", folder.path());
        assert_eq!(left, Some(1000 - (700 - 400)));
        assert_eq!(left_in_control_groups("0::/\n", folder.path()), None);
    }

    #[test]
    fn a_group_of_version_1_is_read_too() {
        let folder = tempfile::tempdir().unwrap();
        let group = folder.path().join("memory");
        std::fs::create_dir_all(&group).unwrap();
        std::fs::write(group.join("memory.limit_in_bytes"), "900").unwrap();
        std::fs::write(group.join("memory.usage_in_bytes"), "100").unwrap();
        let text = "5:cpu,cpuacct:/\n4:memory:/no/such/group\n";
        assert_eq!(left_in_control_groups(text, folder.path()), Some(800));
    }

    #[test]
    fn what_is_too_much_is_refused_with_both_numbers() {
        assert_eq!(check_memory("nothing", 0), Ok(()));
        for what in ["a table of all pairs", "the answers"] {
            let error = NotEnoughMemory {
                what: what.into(),
                needed: 400_000_000,
                available: 12_345,
            };
            let said = format!("400 MB of memory are needed for {what}, and 12.3 kB are available");
            assert_eq!(error.to_string(), said);
        }
        assert_eq!(bytes_in_words(999_999), "1.00 MB");
        assert_eq!(bytes_in_words(u64::MAX), "18.4 EB");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_says_how_much_is_left() {
        assert!(available_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}

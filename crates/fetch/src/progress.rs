//! The stages that fetching reports to the monitor of its thread ([`annatomy_runtime::Monitor`]); their
//! steps are bytes.

const DOWNLOADING: &str = "downloading ";
const CHECKING: &str = "checking ";
const UNPACKING: &str = "unpacking ";

/// Whether the steps of this stage are bytes.
///
/// ```
/// assert!(annatomy_fetch::counts_bytes("downloading set.tar.gz"));
/// ```
pub fn counts_bytes(stage: &str) -> bool {
    [DOWNLOADING, CHECKING, UNPACKING]
        .iter()
        .any(|prefix| stage.starts_with(prefix))
}

/// Bytes come over the network, `done` of them earlier.
pub(crate) fn downloading(name: &str, done: u64, total: Option<u64>) {
    annatomy_runtime::stage(&format!("{DOWNLOADING}{name}"), total.unwrap_or(0));
    annatomy_runtime::advance(done);
}

/// A file's checksum is computed.
pub(crate) fn checking(name: &str, bytes: u64) {
    annatomy_runtime::stage(&format!("{CHECKING}{name}"), bytes);
}

/// A file is taken out of an archive.
pub(crate) fn unpacking(name: &str, bytes: u64) {
    annatomy_runtime::stage(&format!("{UNPACKING}{name}"), bytes);
}

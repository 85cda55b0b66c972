//! Resumable HTTP download with retries, exponential backoff and a checksum.
//!
//! Input: a file's address and checksum, the path that it is to have. Output: that path, whole and
//! right.
//!
//! is it there?                          right: done; wrong: an error, it may be the user's own
//! while attempts are left
//!   request what is missing             transfer: `Range`, `If-Range`
//!   interrupted: wait 1, 2, 4 … s       a mebibyte of headway resets the attempts
//! checksum                              right: renamed; wrong: removed, and once more from the start
//!                                       if it came in pieces
//!
//! A connection that is silent, or slower than a minimum rate, is interrupted and resumed. Cost: the
//! network's; one more pass over the file for the checksum. Does not: fetch two files at once.

use std::path::Path;
use std::time::Duration;

use annatomy_runtime::{advance, warn};
use ureq::Agent;

use crate::partial::Partial;
use crate::transfer::{Trouble, transfer};
use crate::{Checksum, FetchError, progress};

/// New bytes that reset the count of failures.
const HEADWAY_BYTES: u64 = 1 << 20;
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A file as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its address.
    pub url: String,
    /// What its bytes must be.
    pub checksum: Checksum,
    /// Its length, for the plan; more than twice as many bytes are refused.
    pub bytes: Option<u64>,
}

impl Remote {
    /// The last part of the address.
    pub fn name(&self) -> &str {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }
}

/// Whether connections may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Yes.
    Allowed,
    /// No: files must be there already.
    Offline,
}

/// How long a connection that is silent, slow or broken is retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Attempts in a row without headway.
    pub attempts: u32,
    /// Wait before the second attempt; doubles from one to the next, up to a minute.
    pub first_wait: Duration,
    /// Silence after which a connection counts as broken, and the time over which its rate is
    /// measured.
    pub silence: Duration,
    /// Bytes per second below which a connection counts as broken.
    pub least_rate: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_wait: Duration::from_secs(1),
            silence: Duration::from_secs(60),
            least_rate: 1000,
        }
    }
}

/// Where a file came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It was there already.
    Found,
    /// It came over the network.
    Downloaded,
}

/// Downloads files, one at a time.
#[derive(Debug)]
pub struct Fetcher {
    agent: Agent,
    network: Network,
    patience: Patience,
}

impl Fetcher {
    /// With the usual patience; proxies as the environment names them.
    ///
    /// ```
    /// use annatomy_fetch::{FetchError, Fetcher, Network, Remote};
    ///
    /// let weights = Remote {
    ///     url: "https://download.pytorch.org/models/resnet50-11ad3fa6.pth".to_owned(),
    ///     checksum: "sha256:11ad3fa6".parse()?,
    ///     bytes: None,
    /// };
    /// let error = Fetcher::new(Network::Offline).fetch(&weights, "absent/resnet50-11ad3fa6.pth".as_ref());
    /// assert!(matches!(error, Err(FetchError::Offline { .. })));
    /// # Ok::<(), annatomy_fetch::ChecksumError>(())
    /// ```
    pub fn new(network: Network) -> Self {
        Self::with_patience(network, Patience::default())
    }

    /// With another patience.
    pub fn with_patience(network: Network, patience: Patience) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(patience.silence))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .user_agent(concat!("annatomy/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: Agent::new_with_config(config),
            network,
            patience,
        }
    }

    /// Makes sure that `path` is the published file.
    pub fn fetch(&self, remote: &Remote, path: &Path) -> Result<Fetched, FetchError> {
        if path.exists() {
            return check(path, &remote.checksum).map(|()| Fetched::Found);
        }
        if self.network == Network::Offline {
            return Err(FetchError::Offline {
                path: path.to_owned(),
                url: remote.url.clone(),
            });
        }
        let partial = Partial::open(path, &remote.url)?;
        let pieced = partial.length() > 0;
        Download {
            fetcher: self,
            remote,
            partial,
            pieced,
        }
        .run(path)?;
        Ok(Fetched::Downloaded)
    }
}

/// Makes sure that a file that is there is the published one.
pub fn check(path: &Path, checksum: &Checksum) -> Result<(), FetchError> {
    match mismatch(path, checksum)? {
        None => Ok(()),
        Some(found) => Err(FetchError::Damaged {
            path: path.to_owned(),
            expected: checksum.clone(),
            found,
        }),
    }
}

/// The digits of a file's content where they differ from the published ones.
fn mismatch(path: &Path, checksum: &Checksum) -> Result<Option<String>, FetchError> {
    let length = path.metadata().map_err(FetchError::io(path))?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    progress::checking(&name, length);
    checksum
        .mismatch(path, advance)
        .map_err(FetchError::io(path))
}

struct Download<'d> {
    fetcher: &'d Fetcher,
    remote: &'d Remote,
    partial: Partial,
    /// Whether the bytes come from more than one answer, which may be of different versions.
    pieced: bool,
}

impl Download<'_> {
    fn run(mut self, target: &Path) -> Result<(), FetchError> {
        let mut first = true;
        loop {
            let stated = match self.receive() {
                Err(error @ FetchError::TooLong { .. }) => {
                    self.partial.remove()?;
                    return Err(error);
                }
                other => other?,
            };
            let Some(found) = mismatch(self.partial.path(), &self.remote.checksum)? else {
                return self.partial.finish(target);
            };
            let bytes = self.partial.length();
            // The server stated no length: the end of the connection may be a cut.
            let cut =
                stated.is_none() && self.remote.bytes.is_some_and(|published| bytes < published);
            if !(first && (self.pieced || cut)) {
                self.partial.remove()?;
                let (url, expected) = (self.remote.url.clone(), self.remote.checksum.clone());
                return Err(FetchError::WrongBytes {
                    url,
                    bytes,
                    expected,
                    found,
                });
            }
            warn("the pieces do not make the published file; once more from the start");
            self.partial.restart(&self.remote.url, None)?;
            first = false;
        }
    }

    /// Receives until the server has sent all; the length that it stated.
    fn receive(&mut self) -> Result<Option<u64>, FetchError> {
        let Patience {
            attempts,
            first_wait,
            ..
        } = self.fetcher.patience;
        let (mut failures, mut wait, mut reached) = (0, first_wait, self.partial.length());
        loop {
            let Fetcher {
                agent, patience, ..
            } = self.fetcher;
            let reason = match transfer(agent, *patience, self.remote, &mut self.partial) {
                Ok(stated) => return Ok(stated),
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing(reason)) => reason,
            };
            if self.partial.length() >= reached + HEADWAY_BYTES {
                (failures, wait, reached) = (0, first_wait, self.partial.length());
            }
            failures += 1;
            if failures >= attempts {
                let (url, kept) = (self.remote.url.clone(), self.partial.length());
                return Err(FetchError::GaveUp {
                    url,
                    attempts,
                    reason,
                    kept,
                });
            }
            warn(&format!("{reason}; again in {} s", wait.as_secs()));
            std::thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
            self.pieced |= self.partial.length() > 0;
        }
    }
}

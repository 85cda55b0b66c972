//! HTTP range request: one request and its response, from the end of the partial file on.
//!
//! | response | meaning |
//! |---|---|
//! | 206 that starts where the partial file ends | the rest |
//! | 206 that starts elsewhere | from the start next time |
//! | 200 | the whole from its start: the server ignores ranges, or its file has changed |
//! | 416, of a file as long as the partial one | nothing is missing |
//! | 408, 429, 5xx, a cut, silence, too slow | try again |
//! | other | an error |
//!
//! Sources: RFC 9110, 13.1.5 (`If-Range`), 14.2 (`Range`), 14.4 (`Content-Range`).

use std::io::Read as _;
use std::time::Instant;

use annatomy_runtime::advance;
use ureq::Agent;
use ureq::http::{HeaderMap, Response, StatusCode};

use crate::fetcher::{Patience, Remote};
use crate::partial::Partial;
use crate::{FetchError, progress};

/// Several times the published length is no rounding: it is another file.
const MOST_TIMES_LONGER: u64 = 2;

/// Why a transfer did not reach the end of the file.
pub(crate) enum Trouble {
    /// It may go better next time.
    Passing(String),
    /// It will not.
    Lasting(FetchError),
}

impl Trouble {
    /// Says how far it went.
    fn after(self, bytes: u64, total: Option<u64>) -> Self {
        match (self, total) {
            (Self::Passing(reason), Some(total)) => {
                Self::Passing(format!("{reason} after {bytes} of {total} bytes"))
            }
            (Self::Passing(reason), None) => Self::Passing(format!("{reason} after {bytes} bytes")),
            (lasting, _) => lasting,
        }
    }
}

impl From<FetchError> for Trouble {
    fn from(error: FetchError) -> Self {
        Self::Lasting(error)
    }
}

/// Appends what is missing; the length that the server states for the whole, if any.
pub(crate) fn transfer(
    agent: &Agent,
    patience: Patience,
    remote: &Remote,
    partial: &mut Partial,
) -> Result<Option<u64>, Trouble> {
    let response = ask(agent, remote, partial)?;
    let total = match response.status() {
        StatusCode::PARTIAL_CONTENT => go_on(&response, remote, partial)?,
        StatusCode::OK => {
            partial.restart(&remote.url, version(response.headers()))?;
            number(response.headers(), "content-length")
        }
        StatusCode::RANGE_NOT_SATISFIABLE => return beyond(&response, remote, partial),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => return Err(busy(&response)),
        status if status.is_server_error() => return Err(busy(&response)),
        status => {
            return Err(FetchError::Status {
                url: remote.url.clone(),
                status: status.as_u16(),
            }
            .into());
        }
    };
    progress::downloading(remote.name(), partial.length(), total.or(remote.bytes));
    check_length(remote, total.unwrap_or(0))?;
    receive(response, patience, remote, partial)
        .map_err(|trouble| trouble.after(partial.length(), total))?;
    match total {
        Some(total) if partial.length() < total => {
            Err(Trouble::Passing("the connection ended".to_owned())
                .after(partial.length(), Some(total)))
        }
        _ => Ok(total),
    }
}

fn ask(agent: &Agent, remote: &Remote, partial: &Partial) -> Result<Response<ureq::Body>, Trouble> {
    // Bytes are counted, so they must come as they are stored.
    let mut request = agent.get(&remote.url).header("Accept-Encoding", "identity");
    if partial.length() > 0 {
        request = request.header("Range", format!("bytes={}-", partial.length()));
        if let Some(version) = partial.version() {
            request = request.header("If-Range", version);
        }
    }
    request.call().map_err(|error| match error {
        ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::TooManyRedirects
        | ureq::Error::RequireHttpsOnly(_) => FetchError::Address {
            url: remote.url.clone(),
            reason: error.to_string(),
        }
        .into(),
        error => Trouble::Passing(error.to_string()),
    })
}

/// Makes sure that the rest begins where we end; the length of the whole.
fn go_on(
    response: &Response<ureq::Body>,
    remote: &Remote,
    partial: &mut Partial,
) -> Result<Option<u64>, Trouble> {
    let Some((start, total)) = content_range(response.headers()) else {
        partial.restart(&remote.url, None)?;
        return Err(Trouble::Passing(
            "the server sends a part and does not say which".to_owned(),
        ));
    };
    if start == partial.length() {
        return Ok(total);
    }
    let asked = partial.length();
    partial.restart(&remote.url, None)?;
    Err(Trouble::Passing(format!(
        "the server sends from byte {start} on, byte {asked} was asked for"
    )))
}

/// Nothing is there beyond what we have: we have all of it, or bytes of something else.
fn beyond(
    response: &Response<ureq::Body>,
    remote: &Remote,
    partial: &mut Partial,
) -> Result<Option<u64>, Trouble> {
    let range = text(response.headers(), "content-range");
    let total = range.and_then(|range| range.strip_prefix("bytes */")?.trim().parse().ok());
    let length = partial.length();
    if length > 0 && total == Some(length) {
        return Ok(total);
    }
    partial.restart(&remote.url, None)?;
    Err(Trouble::Passing(format!("the server has no byte {length}")))
}

fn receive(
    response: Response<ureq::Body>,
    patience: Patience,
    remote: &Remote,
    partial: &mut Partial,
) -> Result<(), Trouble> {
    let mut reader = response.into_body().into_reader();
    let mut rate = Rate::new(patience);
    let mut block = vec![0; 1 << 16];
    loop {
        let read = reader
            .read(&mut block)
            .map_err(|error| Trouble::Passing(error.to_string()))?;
        if read == 0 {
            return Ok(());
        }
        partial.append(&block[..read])?;
        advance(read as u64);
        check_length(remote, partial.length())?;
        rate.add(read as u64)?;
    }
}

/// Bytes within a window of time, compared with the least rate.
struct Rate {
    patience: Patience,
    start: Instant,
    bytes: u64,
}

impl Rate {
    fn new(patience: Patience) -> Self {
        Self {
            patience,
            start: Instant::now(),
            bytes: 0,
        }
    }

    /// Adds bytes; fails at the end of a window that was too slow.
    fn add(&mut self, bytes: u64) -> Result<(), Trouble> {
        self.bytes += bytes;
        let elapsed = self.start.elapsed();
        if elapsed < self.patience.silence {
            return Ok(());
        }
        let least = self.patience.least_rate as f64 * elapsed.as_secs_f64();
        if (self.bytes as f64) < least {
            return Err(Trouble::Passing(format!(
                "{} bytes in {:.1} s are fewer than {} per second",
                self.bytes,
                elapsed.as_secs_f64(),
                self.patience.least_rate
            )));
        }
        *self = Self::new(self.patience);
        Ok(())
    }
}

/// Stops what would fill the disk.
fn check_length(remote: &Remote, found: u64) -> Result<(), FetchError> {
    match remote.bytes {
        Some(published) if found > published.saturating_mul(MOST_TIMES_LONGER) => {
            Err(FetchError::TooLong {
                url: remote.url.clone(),
                found,
                published,
            })
        }
        _ => Ok(()),
    }
}

fn busy(response: &Response<ureq::Body>) -> Trouble {
    Trouble::Passing(format!("the server answers {}", response.status().as_u16()))
}

/// What makes this version of the file known again: a strong tag, else the date.
fn version(headers: &HeaderMap) -> Option<String> {
    let tag = text(headers, "etag").filter(|tag| tag.starts_with('"'));
    tag.or_else(|| text(headers, "last-modified"))
        .map(str::to_owned)
}

/// First byte and length of the whole in `bytes 7-9/10` or `bytes 7-9/*`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let (range, total) = text(headers, "content-range")?
        .strip_prefix("bytes ")?
        .split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.trim().parse().ok()?, total.trim().parse().ok()))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, name)?.trim().parse().ok()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

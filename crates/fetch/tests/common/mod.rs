//! A local server that misbehaves as a test asks, request by request.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How one request is answered.
#[derive(Clone, Debug)]
pub enum Manner {
    /// As it should be.
    Proper,
    /// The whole, whatever was asked for.
    IgnoresRange,
    /// The connection ends after this number of bytes of the body.
    CutAfter(usize),
    /// The same, of the whole.
    IgnoresRangeAndCutsAfter(usize),
    /// The length stated is off by so much.
    LengthOff(i64),
    /// No length at all, and the connection ends after this number of bytes.
    NoLength(usize),
    /// Other bytes of the same length.
    WrongBytes,
    /// The answer to a range begins this number of bytes too early.
    RangeOff(u64),
    /// A status and nothing else.
    Status(u16),
    /// Headers and then nothing for a while.
    Silence(Duration),
    /// One byte, a wait, and so on.
    Drip(Duration),
}

#[derive(Default)]
struct State {
    files: HashMap<String, Vec<u8>>,
    manners: HashMap<String, VecDeque<Manner>>,
    requests: Vec<(String, Option<String>)>,
}

/// Serves until the test ends.
pub struct Server {
    address: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                // A client that hangs up is part of the game.
                std::thread::spawn(move || stream.and_then(|stream| answer(stream, &shared)));
            }
        });
        Self { address, state }
    }

    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    pub fn serve(&self, name: &str, bytes: &[u8]) {
        self.state
            .lock()
            .unwrap()
            .files
            .insert(format!("/{name}"), bytes.to_vec());
    }

    /// The next requests for `name` are answered so; those after them properly.
    pub fn next(&self, name: &str, manners: impl IntoIterator<Item = Manner>) {
        self.state
            .lock()
            .unwrap()
            .manners
            .entry(format!("/{name}"))
            .or_default()
            .extend(manners);
    }

    /// Path and range of every request so far.
    pub fn requests(&self) -> Vec<(String, Option<String>)> {
        self.state.lock().unwrap().requests.clone()
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let (path, headers) = request(&stream)?;
    let range = headers.get("range").cloned();
    let (bytes, manner) = {
        let mut state = state.lock().unwrap();
        state.requests.push((path.clone(), range.clone()));
        let manner = state
            .manners
            .get_mut(&path)
            .and_then(VecDeque::pop_front)
            .unwrap_or(Manner::Proper);
        (state.files.get(&path).cloned(), manner)
    };
    let Some(bytes) = bytes else {
        return write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        );
    };
    let tag = format!(
        "\"{:016x}\"",
        bytes
            .iter()
            .fold(7u64, |hash, &byte| hash.wrapping_mul(31) + u64::from(byte))
    );
    let same = headers
        .get("if-range")
        .is_none_or(|version| *version == tag);
    let heeded = !matches!(
        manner,
        Manner::IgnoresRange | Manner::IgnoresRangeAndCutsAfter(_)
    ) && same;
    let start = range.filter(|_| heeded).and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    });
    send(&mut stream, &bytes, start, &tag, &manner)
}

fn request(stream: &TcpStream) -> std::io::Result<(String, HashMap<String, String>)> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    Ok((path, headers))
}

fn send(
    stream: &mut TcpStream,
    bytes: &[u8],
    start: Option<u64>,
    tag: &str,
    manner: &Manner,
) -> std::io::Result<()> {
    let whole = bytes.len() as u64;
    let stated = |length: u64| match manner {
        Manner::NoLength(_) => String::new(),
        Manner::LengthOff(off) => {
            format!("Content-Length: {}\r\n", length.saturating_add_signed(*off))
        }
        _ => format!("Content-Length: {length}\r\n"),
    };
    let end = format!("ETag: {tag}\r\nConnection: close\r\n\r\n");
    let begin = match (manner, start) {
        (Manner::Status(status), _) => {
            return write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\n{end}");
        }
        (_, Some(start)) if start >= whole => {
            return write!(
                stream,
                "HTTP/1.1 416 No\r\nContent-Range: bytes */{whole}\r\nContent-Length: 0\r\n{end}"
            );
        }
        (Manner::RangeOff(off), Some(start)) => Some(start.saturating_sub(*off)),
        (_, start) => start,
    };
    let mut body = bytes[begin.unwrap_or(0) as usize..].to_vec();
    match begin {
        Some(begin) => write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {begin}-{}/{whole}\r\n{}{end}",
            whole - 1,
            stated(body.len() as u64)
        )?,
        None => write!(stream, "HTTP/1.1 200 OK\r\n{}{end}", stated(whole))?,
    }
    match *manner {
        Manner::CutAfter(most)
        | Manner::IgnoresRangeAndCutsAfter(most)
        | Manner::NoLength(most) => body.truncate(most),
        Manner::WrongBytes => body.iter_mut().for_each(|byte| *byte ^= 0x55),
        Manner::Silence(time) => std::thread::sleep(time),
        Manner::Drip(time) => {
            for byte in body {
                stream.write_all(&[byte])?;
                std::thread::sleep(time);
            }
            return Ok(());
        }
        _ => {}
    }
    stream.write_all(&body)
}

//! Downloads from a server that cuts, lies, ignores and confuses; nothing but the published bytes
//! ever gets its name.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{Manner, Server};
use annatomy_fetch::{FetchError, Fetched, Fetcher, Network, Patience, Remote};
use annatomy_runtime::{Monitor, Progress};

/// 300,000 bytes by rule, and their MD5 as `md5sum` has it.
const MD5: &str = "md5:b5436195105bd3ef8cf8652c8afffbd7";
const LENGTH: u64 = 300_000;

fn content() -> Vec<u8> {
    (0..LENGTH)
        .map(|place| (place.wrapping_mul(place + 7) >> 5) as u8)
        .collect()
}

struct Scene {
    server: Server,
    folder: tempfile::TempDir,
    remote: Remote,
}

impl Scene {
    fn new(manners: impl IntoIterator<Item = Manner>) -> Self {
        let server = Server::start();
        server.serve("data.bin", &content());
        server.next("data.bin", manners);
        let remote = Remote {
            url: server.url("data.bin"),
            checksum: MD5.parse().unwrap(),
            bytes: Some(LENGTH),
        };
        Self {
            server,
            folder: tempfile::tempdir().unwrap(),
            remote,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("cache/data.bin")
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("cache/data.bin.part")
    }

    fn fetch(&self) -> Result<Fetched, FetchError> {
        let patience = Patience {
            attempts: 4,
            first_wait: Duration::from_millis(2),
            silence: Duration::from_millis(300),
            least_rate: 1000,
        };
        Fetcher::with_patience(Network::Allowed, patience).fetch(&self.remote, &self.path())
    }

    /// What every request asked for; nothing for the whole.
    fn ranges(&self) -> Vec<String> {
        self.server
            .requests()
            .into_iter()
            .map(|(_, range)| range.unwrap_or_default())
            .collect()
    }

    /// The file is there, whole, and alone.
    fn assert_whole(&self) {
        assert_eq!(fs::read(self.path()).unwrap(), content());
        assert_eq!(
            fs::read_dir(self.path().parent().unwrap()).unwrap().count(),
            1,
            "no other file"
        );
    }

    /// Nothing is there, unfinished or not.
    fn assert_nothing(&self) {
        assert_eq!(
            fs::read_dir(self.path().parent().unwrap()).unwrap().count(),
            0
        );
    }
}

fn from(byte: u64) -> String {
    format!("bytes={byte}-")
}

#[test]
fn a_file_comes_once() {
    let scene = Scene::new([]);
    assert_eq!(scene.fetch().unwrap(), Fetched::Downloaded);
    scene.assert_whole();
    assert_eq!(scene.fetch().unwrap(), Fetched::Found);
    assert_eq!(scene.ranges(), [""]);
}

#[test]
fn cuts_are_gone_on_from() {
    let scene = Scene::new([
        Manner::CutAfter(100_000),
        Manner::CutAfter(0),
        Manner::CutAfter(50_000),
    ]);
    scene.fetch().unwrap();
    scene.assert_whole();
    assert_eq!(
        scene.ranges(),
        [String::new(), from(100_000), from(100_000), from(150_000)]
    );
}

#[test]
fn what_an_earlier_process_left_is_gone_on_from() {
    let scene = Scene::new([
        Manner::CutAfter(120_000),
        Manner::Status(503),
        Manner::Status(503),
        Manner::Status(503),
    ]);
    let error = scene.fetch().unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::GaveUp {
                attempts: 4,
                kept: 120_000,
                ..
            }
        ),
        "{error}"
    );
    assert!(!scene.path().exists() && scene.part().exists());
    scene.fetch().unwrap();
    scene.assert_whole();
    assert_eq!(scene.ranges().last().unwrap(), &from(120_000));
}

#[test]
fn a_server_that_ignores_ranges_is_read_from_the_start() {
    let scene = Scene::new([Manner::CutAfter(100_000), Manner::IgnoresRange]);
    scene.fetch().unwrap();
    scene.assert_whole();
}

#[test]
fn no_headway_ends_in_giving_up() {
    let scene = Scene::new(std::iter::repeat_n(
        Manner::IgnoresRangeAndCutsAfter(100_000),
        9,
    ));
    let error = scene.fetch().unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::GaveUp {
                attempts: 4,
                kept: 100_000,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("100000 bytes are kept"),
        "{error}"
    );
}

#[test]
fn another_version_is_not_joined_to_the_first() {
    let scene = Scene::new([Manner::CutAfter(100_000)]);
    scene.server.serve("data.bin", &vec![1; LENGTH as usize]);
    scene
        .server
        .next("data.bin", std::iter::repeat_n(Manner::Status(503), 3));
    scene.fetch().unwrap_err();
    scene.server.serve("data.bin", &content());
    scene.fetch().unwrap();
    scene.assert_whole();
    // The tag differed, so the server sent the whole at the first request.
    assert_eq!(scene.ranges().len(), 5);
}

#[test]
fn bytes_of_unknown_origin_are_tried_and_then_thrown_away() {
    let scene = Scene::new([]);
    fs::create_dir_all(scene.path().parent().unwrap()).unwrap();
    fs::write(scene.part(), [9; 1000]).unwrap();
    scene.fetch().unwrap();
    scene.assert_whole();
    assert_eq!(scene.ranges(), [from(1000), String::new()]);
}

#[test]
fn a_part_that_is_whole_already_is_recognized() {
    let scene = Scene::new([]);
    fs::create_dir_all(scene.path().parent().unwrap()).unwrap();
    fs::write(scene.part(), content()).unwrap();
    scene.fetch().unwrap();
    scene.assert_whole();
    let longer = Scene::new([]);
    fs::create_dir_all(longer.path().parent().unwrap()).unwrap();
    fs::write(longer.part(), vec![3; LENGTH as usize + 5]).unwrap();
    longer.fetch().unwrap();
    longer.assert_whole();
}

#[test]
fn wrong_bytes_are_reported_and_removed() {
    let scene = Scene::new([Manner::WrongBytes]);
    let error = scene.fetch().unwrap_err();
    assert!(
        matches!(error, FetchError::WrongBytes { bytes: LENGTH, .. }),
        "{error}"
    );
    assert!(error.to_string().contains(MD5), "{error}");
    scene.assert_nothing();
    scene.fetch().unwrap();
    scene.assert_whole();
}

#[test]
fn wrong_bytes_after_a_cut_are_tried_from_the_start_once() {
    let scene = Scene::new([Manner::CutAfter(100_000), Manner::WrongBytes]);
    scene.fetch().unwrap();
    scene.assert_whole();
    let stubborn = Scene::new(
        [Manner::CutAfter(100_000), Manner::WrongBytes]
            .into_iter()
            .cycle()
            .take(10)
            .collect::<Vec<_>>(),
    );
    let error = stubborn.fetch().unwrap_err();
    assert!(matches!(error, FetchError::WrongBytes { .. }), "{error}");
    stubborn.assert_nothing();
}

#[test]
fn a_length_stated_too_long_is_a_cut() {
    let scene = Scene::new([Manner::LengthOff(50)]);
    scene.fetch().unwrap();
    scene.assert_whole();
}

#[test]
fn a_length_stated_too_short_does_not_pass() {
    let scene = Scene::new([Manner::LengthOff(-50)]);
    assert!(matches!(
        scene.fetch(),
        Err(FetchError::WrongBytes { bytes: 299_950, .. })
    ));
    scene.assert_nothing();
}

#[test]
fn far_too_long_is_refused_before_it_fills_the_disk() {
    let mut scene = Scene::new([]);
    scene.remote.bytes = Some(1000);
    let error = scene.fetch().unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::TooLong {
                found: LENGTH,
                published: 1000,
                ..
            }
        ),
        "{error}"
    );
    scene.assert_nothing();
    scene
        .server
        .next("data.bin", [Manner::NoLength(LENGTH as usize)]);
    assert!(matches!(scene.fetch(), Err(FetchError::TooLong { .. })));
}

#[test]
fn without_a_length_the_checksum_tells_a_cut() {
    let scene = Scene::new([Manner::NoLength(200_000), Manner::NoLength(usize::MAX)]);
    scene.fetch().unwrap();
    scene.assert_whole();
}

#[test]
fn a_range_from_elsewhere_is_not_joined() {
    let scene = Scene::new([Manner::CutAfter(100_000), Manner::RangeOff(10)]);
    scene.fetch().unwrap();
    scene.assert_whole();
    assert_eq!(
        scene.ranges(),
        [String::new(), from(100_000), String::new()]
    );
}

#[test]
fn silence_is_a_cut() {
    let scene = Scene::new([Manner::Silence(Duration::from_secs(5))]);
    let start = std::time::Instant::now();
    scene.fetch().unwrap();
    scene.assert_whole();
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_the_server_does_not_have_is_not_asked_for_again() {
    let mut scene = Scene::new([]);
    scene.remote.url = scene.server.url("absent.bin");
    let error = scene.fetch().unwrap_err();
    assert!(
        matches!(error, FetchError::Status { status: 404, .. }),
        "{error}"
    );
    assert_eq!(scene.ranges().len(), 1);
    scene.remote.url = "no address".to_owned();
    assert!(matches!(scene.fetch(), Err(FetchError::Address { .. })));
}

#[test]
fn nobody_there_ends_in_giving_up() {
    let mut scene = Scene::new([]);
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    scene.remote.url = format!("http://{free}/data.bin");
    let error = scene.fetch().unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::GaveUp {
                attempts: 4,
                kept: 0,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn offline_takes_what_was_laid_down_by_hand_and_nothing_else() {
    let scene = Scene::new([]);
    let fetcher = Fetcher::new(Network::Offline);
    let error = fetcher.fetch(&scene.remote, &scene.path()).unwrap_err();
    assert!(matches!(error, FetchError::Offline { .. }), "{error}");
    fs::create_dir_all(scene.path().parent().unwrap()).unwrap();
    fs::write(scene.path(), b"something else").unwrap();
    let error = fetcher.fetch(&scene.remote, &scene.path()).unwrap_err();
    assert!(matches!(error, FetchError::Damaged { .. }), "{error}");
    assert_eq!(
        fs::read(scene.path()).unwrap(),
        b"something else",
        "the user's own is left alone"
    );
    fs::write(scene.path(), content()).unwrap();
    assert_eq!(
        fetcher.fetch(&scene.remote, &scene.path()).unwrap(),
        Fetched::Found
    );
    assert!(scene.server.requests().is_empty());
}

#[test]
fn two_at_once_are_told_apart() {
    // On a busy machine the second may come when the first is done: then once more.
    let is_apart = (0..5).any(|_| {
        let scene = Scene::new([Manner::Silence(Duration::from_millis(200))]);
        let errors: Vec<_> = std::thread::scope(|scope| {
            let first = scope.spawn(|| scene.fetch());
            while scene.server.requests().is_empty() && !first.is_finished() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let second = scene.fetch();
            let both = [first.join().unwrap(), second];
            both.into_iter().filter_map(Result::err).collect()
        });
        scene.assert_whole();
        assert!(
            matches!(errors[..], [] | [FetchError::Busy { .. }]),
            "{errors:?}"
        );
        !errors.is_empty()
    });
    assert!(is_apart);
}

#[test]
fn progress_counts_every_byte_and_names_every_retry() {
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<(u64, Vec<String>)>>);
    impl Progress for Heard {
        fn stage(&self, name: &str, total: u64) {
            assert!(annatomy_fetch::counts_bytes(name), "{name}");
            assert_eq!(total, LENGTH);
        }
        fn advance(&self, steps: u64) {
            self.0.lock().unwrap().0 += steps;
        }
        fn warn(&self, line: &str) {
            self.0.lock().unwrap().1.push(line.to_owned());
        }
    }
    let scene = Scene::new([Manner::CutAfter(100_000)]);
    let heard = Heard::default();
    let fetched = Monitor::with_progress(heard.clone()).observe(|| scene.fetch());
    fetched.unwrap().unwrap();
    let (bytes, notes) = heard.0.lock().unwrap().clone();
    // Over the network, those kept from the first connection, and for the checksum.
    assert_eq!(bytes, LENGTH + 100_000 + LENGTH);
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].contains("after 100000 of 300000 bytes"),
        "{notes:?}"
    );
}

#[test]
fn a_drip_is_interrupted_and_resumed() {
    let scene = Scene::new([
        Manner::CutAfter(100_000),
        Manner::Drip(Duration::from_millis(20)),
    ]);
    let start = std::time::Instant::now();
    scene.fetch().unwrap();
    scene.assert_whole();
    assert!(start.elapsed() < Duration::from_secs(4));
    let ranges = scene.ranges();
    let last: u64 = ranges.last().unwrap()["bytes=".len()..]
        .trim_end_matches('-')
        .parse()
        .unwrap();
    assert!((100_001..101_000).contains(&last), "{ranges:?}");
}

#[test]
fn what_is_no_file_is_named_and_not_waited_for() {
    let scene = Scene::new([]);
    fs::create_dir_all(scene.path()).unwrap();
    let error = scene.fetch().unwrap_err().to_string();
    assert!(error.contains("is a folder, not a regular file"), "{error}");
    #[cfg(unix)]
    {
        let scene = Scene::new([]);
        fs::create_dir_all(scene.path().parent().unwrap()).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(scene.part())
            .status();
        assert!(made.unwrap().success());
        let error = scene.fetch().unwrap_err().to_string();
        assert!(error.contains("is a FIFO, not a regular file"), "{error}");
    }
}

//! A lock on a file that one run at a time holds, and keeps under its name.
//!
//! Enters: an open file. Leaves: its lock, or who may not have it. A process that is being started
//! shares the locks of the one that starts it until its own program begins: a lock just let go may
//! stay for a moment, so a lock that is held is asked for again, for a fifth of a second.

use std::fs::{File, TryLockError};
use std::thread::sleep;
use std::time::Duration;

const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Whether another run holds the file; otherwise this one does from now on, where the file system
/// knows locks.
pub(crate) fn is_locked_by_another(file: &File) -> bool {
    for attempt in 1..=ATTEMPTS {
        match file.try_lock() {
            // An error: no locks on this file system.
            Ok(()) | Err(TryLockError::Error(_)) => return false,
            Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_lock_that_is_let_go_in_a_moment_is_had_and_one_that_is_kept_is_not() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("lock");
        let open = || {
            File::options()
                .create(true)
                .append(true)
                .open(&path)
                .expect("file")
        };
        let (first, second) = (open(), open());
        assert!(!is_locked_by_another(&first));
        let begun = Instant::now();
        assert!(is_locked_by_another(&second), "it is held");
        assert!(begun.elapsed() < Duration::from_secs(5));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                sleep(Duration::from_millis(40));
                drop(first);
            });
            assert!(!is_locked_by_another(&second), "it is let go");
        });
    }
}

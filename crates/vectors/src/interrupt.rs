//! Long work seen from outside: a flag that its loops look at, block by block, and how far they
//! are.
//!
//! A computation holds no half-made result worth keeping, so it stops by unwinding, as Rust
//! Analyzer's salsa cancels its queries: [`check`] unwinds past every loop to [`Interrupt::catch`],
//! dropping all it passes. No panic message is printed and no signature carries a flag. Threads of
//! a pool watch the flag that [`on_this_thread`] gave them at their start; a thread that watches
//! none is never stopped. A stage says how long it is ([`begin`]) and counts its steps
//! ([`advance`]); whoever holds the flag reads them. Cost of a check: one thread-local read and one
//! atomic load, of a step one atomic addition more.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

thread_local! {
    static WATCHED: RefCell<Option<Interrupt>> = const { RefCell::new(None) };
}

/// A flag shared between who may stop the work and the threads that do it.
///
/// ```
/// use annatomy_vectors::interrupt::{self, Interrupt, Interrupted};
///
/// let interrupt = Interrupt::default();
/// interrupt.raise();
/// interrupt.clone().watch();
/// assert_eq!(Interrupt::catch(interrupt::check), Err(Interrupted));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    raised: AtomicBool,
    stage: Mutex<(&'static str, u64)>,
    done: AtomicU64,
}

/// How far work is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// What is being done; empty before the first stage.
    pub stage: &'static str,
    /// Steps of the stage that are done.
    pub done: u64,
    /// Steps that the stage has.
    pub total: u64,
}

/// The work was stopped from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

impl Interrupt {
    /// Asks all threads that watch this flag to stop at their next check.
    pub fn raise(&self) {
        self.0.raised.store(true, Ordering::Relaxed);
    }

    /// How far the threads that watch this flag are.
    pub fn steps(&self) -> Steps {
        let (stage, total) = *self.0.stage.lock().unwrap_or_else(PoisonError::into_inner);
        Steps {
            stage,
            done: self.0.done.load(Ordering::Relaxed).min(total),
            total,
        }
    }

    /// Makes this thread watch the flag, until it ends or watches another.
    pub fn watch(self) {
        WATCHED.set(Some(self));
    }

    /// Runs `work`; an interrupted check within it, on this thread or on a pool's, ends here. Other
    /// panics go on.
    pub fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Interrupted> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
            match payload.downcast::<Interrupted>() {
                Ok(interrupted) => *interrupted,
                Err(panic) => resume_unwind(panic),
            }
        })
    }
}

/// The flag this thread watches: what the threads of a pool made here should watch as well.
pub fn on_this_thread() -> Option<Interrupt> {
    WATCHED.with_borrow(Clone::clone)
}

/// Stops the work of this thread if its flag is raised.
pub fn check() {
    advance(0);
}

/// Begins a stage of `total` steps, which the threads that watch this thread's flag will count
/// together.
pub fn begin(stage: &'static str, total: u64) {
    WATCHED.with_borrow(|watched| {
        if let Some(Interrupt(watched)) = watched {
            *watched.stage.lock().unwrap_or_else(PoisonError::into_inner) = (stage, total);
            watched.done.store(0, Ordering::Relaxed);
        }
    });
}

/// Counts `steps` more of the stage, and stops the work of this thread if its flag is raised.
pub fn advance(steps: u64) {
    let raised = WATCHED.with_borrow(|watched| {
        let Some(Interrupt(watched)) = watched else {
            return false;
        };
        if steps > 0 {
            watched.done.fetch_add(steps, Ordering::Relaxed);
        }
        watched.raised.load(Ordering::Relaxed)
    });
    if raised {
        resume_unwind(Box::new(Interrupted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_watches_nothing_goes_on() {
        std::thread::spawn(check)
            .join()
            .expect("no flag, no unwinding");
    }

    #[test]
    fn raised_flags_stop_at_the_next_check() {
        let interrupt = Interrupt::default();
        let flag = interrupt.clone();
        let stopped = std::thread::spawn(move || {
            flag.clone().watch();
            Interrupt::catch(|| {
                check();
                flag.raise();
                check();
                unreachable!("the flag is up");
            })
        });
        assert_eq!(stopped.join().expect("caught within"), Err(Interrupted));
    }

    #[test]
    fn steps_are_seen_from_outside() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.steps(), Steps::default());
        let flag = interrupt.clone();
        let worker = std::thread::spawn(|| {
            flag.watch();
            begin("first", 2);
            advance(2);
            begin("second", 10);
            advance(3);
            advance(1);
        });
        worker.join().expect("nobody interrupts");
        assert_eq!(
            interrupt.steps(),
            Steps {
                stage: "second",
                done: 4,
                total: 10
            }
        );
    }

    #[test]
    #[should_panic(expected = "another matter")]
    fn other_panics_go_on() {
        let _ = Interrupt::catch(|| panic!("another matter"));
    }
}

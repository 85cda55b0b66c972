//! Stopping long work from outside: a flag that the long loops look at, block by block.
//!
//! A computation holds no half-made result worth keeping, so it stops by unwinding, as Rust Analyzer's salsa cancels
//! its queries: [`check`] unwinds past every loop to [`Interrupt::catch`], dropping all it passes. No panic message is
//! printed and no signature carries a flag. Threads of a pool watch the flag that [`on_this_thread`] gave them at their
//! start; a thread that watches none is never stopped. Cost of a check: one thread-local read and one atomic load.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
pub struct Interrupt(Arc<AtomicBool>);

/// The work was stopped from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

impl Interrupt {
    /// Asks all threads that watch this flag to stop at their next check.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Makes this thread watch the flag, until it ends or watches another.
    pub fn watch(self) {
        WATCHED.set(Some(self));
    }

    /// Runs `work`; an interrupted check within it, on this thread or on a pool's, ends here. Other panics go on.
    pub fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Interrupted> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| match payload.downcast::<Interrupted>() {
            Ok(interrupted) => *interrupted,
            Err(panic) => resume_unwind(panic),
        })
    }
}

/// The flag this thread watches: what the threads of a pool made here should watch as well.
pub fn on_this_thread() -> Option<Interrupt> {
    WATCHED.with_borrow(Clone::clone)
}

/// Stops the work of this thread if its flag is raised.
pub fn check() {
    let raised = WATCHED.with_borrow(|watched| watched.as_ref().is_some_and(|flag| flag.0.load(Ordering::Relaxed)));
    if raised {
        resume_unwind(Box::new(Interrupted));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_watches_nothing_goes_on() {
        std::thread::spawn(check).join().expect("no flag, no unwinding");
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
    #[should_panic(expected = "another matter")]
    fn other_panics_go_on() {
        let _ = Interrupt::catch(|| panic!("another matter"));
    }
}

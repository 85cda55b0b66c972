//! Cooperative cancellation and progress of long computations, shared by all threads of a pool.
//!
//! Enters: a [`Monitor`], which each thread [watches](Monitor::watch). Leaves: the stage, its steps,
//! and an early end where it was [cancelled](Monitor::cancel).
//!
//! A computation keeps no partial result, so it stops by unwinding, as salsa cancels queries in
//! rust-analyzer: [`check`] unwinds to [`Monitor::catch`] and drops everything on its way. No
//! signature carries a flag and no panic message is printed. A thread that watches no monitor is
//! never cancelled. Cost of a check: one thread-local read and one atomic load; of a step one atomic
//! addition more.

use crate::Progress;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

thread_local! {
    static WATCHED: RefCell<Option<Monitor>> = const { RefCell::new(None) };
}

/// A handle on running work, shared by the caller and the threads that compute.
///
/// ```
/// use annatomy_runtime::{Cancelled, Monitor, check};
///
/// let monitor = Monitor::default();
/// monitor.cancel();
/// assert_eq!(monitor.observe(check), Err(Cancelled));
/// ```
#[derive(Clone, Default)]
pub struct Monitor(Arc<State>);

#[derive(Default)]
struct State {
    cancelled: AtomicBool,
    now: Mutex<Stage>,
    done: AtomicU64,
    progress: Option<Box<dyn Progress>>,
}

#[derive(Clone, Debug, Default)]
struct Stage {
    /// Put before the name of every stage, as in "run 2 of 10: ".
    prefix: String,
    name: String,
    total: u64,
}

/// How far work is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// What is being done; empty before the first stage.
    pub stage: String,
    /// Steps of the stage that are done.
    pub done: u64,
    /// Steps that the stage has; 0 if they cannot be counted.
    pub total: u64,
}

/// The work was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Cancelled;

impl Monitor {
    /// A monitor that passes progress on.
    pub fn with_progress(progress: impl Progress + 'static) -> Self {
        Self(Arc::new(State {
            progress: Some(Box::new(progress)),
            ..State::default()
        }))
    }

    /// The monitor that this thread watches: what a pool started here watches as well.
    pub fn of_this_thread() -> Option<Self> {
        WATCHED.with_borrow(Clone::clone)
    }

    /// Asks all threads that watch this monitor to stop at their next check.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// How far the threads that watch this monitor are.
    pub fn steps(&self) -> Steps {
        let now = self.now();
        Steps {
            done: self.0.done.load(Ordering::Relaxed).min(now.total),
            stage: now.prefix + &now.name,
            total: now.total,
        }
    }

    /// Makes this thread watch the monitor, until it ends or watches another.
    pub fn watch(self) {
        WATCHED.set(Some(self));
    }

    /// Runs `work` on this thread under this monitor, and watches the one before again afterwards.
    pub fn observe<R>(&self, work: impl FnOnce() -> R) -> Result<R, Cancelled> {
        let before = WATCHED.replace(Some(self.clone()));
        let result = Self::catch(work);
        WATCHED.set(before);
        result
    }

    /// Runs `work`; a cancelled check within it, on this thread or on a pool's, ends here. Other
    /// panics go on.
    pub fn catch<R>(work: impl FnOnce() -> R) -> Result<R, Cancelled> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
            match payload.downcast::<Cancelled>() {
                Ok(cancelled) => *cancelled,
                Err(panic) => resume_unwind(panic),
            }
        })
    }

    fn now(&self) -> Stage {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Stage> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, name: &str, total: u64) {
        let shown = {
            let mut now = self.lock();
            name.clone_into(&mut now.name);
            now.total = total;
            format!("{}{name}", now.prefix)
        };
        self.0.done.store(0, Ordering::Relaxed);
        if let Some(progress) = &self.0.progress {
            progress.stage(&shown, total);
        }
    }

    fn count(&self, steps: u64) {
        self.0.done.fetch_add(steps, Ordering::Relaxed);
        if let Some(progress) = &self.0.progress {
            progress.advance(steps);
        }
    }
}

/// Begins a stage of `total` steps (0: they cannot be counted), which all threads of the pool count
/// together. Returns, or unwinds, as [`check`] does.
pub fn stage(name: &str, total: u64) {
    if let Some(monitor) = Monitor::of_this_thread() {
        monitor.begin(name, total);
    }
    check();
}

/// Puts `prefix` before the name of every stage from now on, such as "run 2 of 10: ".
pub fn prefix_stages(prefix: &str) {
    if let Some(monitor) = Monitor::of_this_thread() {
        prefix.clone_into(&mut monitor.lock().prefix);
    }
}

/// Reports one line worth keeping on the screen.
pub fn note(line: &str) {
    if let Some(Monitor(state)) = Monitor::of_this_thread()
        && let Some(progress) = &state.progress
    {
        progress.note(line);
    }
}

/// Reports one line that the user must see, such as a damaged file that is computed again.
pub fn warn(line: &str) {
    if let Some(Monitor(state)) = Monitor::of_this_thread()
        && let Some(progress) = &state.progress
    {
        progress.warn(line);
    }
}

/// Stops the work of this thread if its monitor is cancelled.
pub fn check() {
    advance(0);
}

/// Counts `steps` more of the stage, and stops the work of this thread if its monitor is cancelled.
pub fn advance(steps: u64) {
    let cancelled = WATCHED.with_borrow(|watched| {
        let Some(monitor) = watched else {
            return false;
        };
        if steps > 0 {
            monitor.count(steps);
        }
        monitor.0.cancelled.load(Ordering::Relaxed)
    });
    if cancelled {
        resume_unwind(Box::new(Cancelled));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_without_a_monitor_is_never_cancelled() {
        std::thread::spawn(check)
            .join()
            .expect("no monitor, no unwinding");
    }

    #[test]
    fn cancelled_work_stops_at_the_next_check() {
        let monitor = Monitor::default();
        let stopped = monitor.observe(|| {
            check();
            monitor.cancel();
            check();
            unreachable!("it is cancelled");
        });
        assert_eq!(stopped, Err(Cancelled));
    }

    #[test]
    fn a_monitor_is_watched_only_while_it_observes() {
        let monitor = Monitor::default();
        monitor.cancel();
        assert_eq!(monitor.observe(check), Err(Cancelled));
        check();
    }

    #[test]
    fn threads_of_a_pool_watch_the_monitor_of_the_caller() {
        let monitor = Monitor::default();
        let stopped = monitor.observe(|| {
            monitor.cancel();
            crate::install(2, check)
        });
        assert_eq!(stopped.map(|result| result.is_ok()), Err(Cancelled));
    }

    #[test]
    fn steps_are_seen_from_outside() {
        let monitor = Monitor::default();
        assert_eq!(monitor.steps(), Steps::default());
        let worked = monitor.observe(|| {
            prefix_stages("run 2: ");
            stage("first", 2);
            advance(2);
            stage("second", 10);
            advance(3);
            advance(1);
        });
        assert_eq!(worked, Ok(()));
        let steps = monitor.steps();
        assert_eq!(
            (steps.stage.as_str(), steps.done, steps.total),
            ("run 2: second", 4, 10)
        );
    }

    #[test]
    fn progress_hears_stages_steps_and_notes() {
        #[derive(Clone, Default)]
        struct Heard(Arc<Mutex<Vec<String>>>);
        impl Heard {
            fn add(&self, line: String) {
                self.0.lock().expect("no panic").push(line);
            }
        }
        impl Progress for Heard {
            fn stage(&self, name: &str, total: u64) {
                self.add(format!("{name}/{total}"));
            }
            fn advance(&self, steps: u64) {
                self.add(format!("+{steps}"));
            }
            fn note(&self, line: &str) {
                self.add(line.to_owned());
            }
        }
        let heard = Heard::default();
        let worked = Monitor::with_progress(heard.clone()).observe(|| {
            stage("graphs", 5);
            advance(5);
            note("done");
        });
        assert_eq!(worked, Ok(()));
        assert_eq!(
            *heard.0.lock().expect("no panic"),
            ["graphs/5", "+5", "done"]
        );
    }

    #[test]
    #[should_panic(expected = "another matter")]
    fn other_panics_go_on() {
        let _ = Monitor::catch(|| panic!("another matter"));
    }
}

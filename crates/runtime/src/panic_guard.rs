//! A fence around decoders that others wrote: where a damaged file makes one panic, the panic ends
//! here, as an error.
//!
//! Our own readers check before they trust and need no fence. These libraries do too, mostly;
//! flipping single bytes of small files finds places where they do not. A panic leaves nothing of
//! the decoder behind, for all that it owns goes with it.
//!
//! The message that a panic prints is held back, by a hook that stays for the rest of the process
//! and hands every other panic on to the hook before it. That is the one thing in these crates that
//! outlives a call; without it a damaged file would look like a crash.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether this thread is inside a fence.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a decoder; a panic in it becomes the error that `damaged` makes of its message.
///
/// ```
/// let outcome = annatomy_runtime::guard_panics(|problem| problem, || -> Result<(), String> { panic!("no page {}", 3) });
/// assert_eq!(outcome, Err("no page 3".to_owned()));
/// ```
pub fn guard_panics<T, E>(
    damaged: impl FnOnce(String) -> E,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    silence_guarded_panics();
    let outside = GUARDED.replace(true);
    // What `decode` borrows is only read.
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    GUARDED.set(outside);
    outcome.unwrap_or_else(|panic| Err(damaged(message(panic.as_ref()))))
}

fn silence_guarded_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                before(panic);
            }
        }));
    });
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("the decoder gave up").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_the_fence_is_gone_after_it() {
        let row = 3;
        let damaged = |problem: String| format!("damaged: {problem}");
        let error =
            guard_panics::<(), String>(damaged, || panic!("no page for row {row}")).unwrap_err();
        assert_eq!(error, "damaged: no page for row 3");
        assert!(!GUARDED.get());
        assert_eq!(guard_panics(damaged, || Ok(5)), Ok(5));
    }
}

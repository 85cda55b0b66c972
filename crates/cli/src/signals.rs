//! SIGINT, SIGTERM and SIGHUP: cancellation first, an end at once when asked again.
//!
//! The first signal cancels the monitor, so that the work unwinds and removes its temporary
//! files; the process then ends by that signal, which a shell reports as 128 + its number. A second
//! signal, or three seconds without an end, removes the temporary files and ends the process at once.
//! A signal that was ignored at the start (`nohup`) stays ignored.
//!
//! SIGXFSZ (`ulimit -f`) is caught and dropped, so that the write fails with an error.

/// What a process does when it is asked to end.
pub struct Signals {
    #[cfg(unix)]
    received: std::sync::Arc<std::sync::atomic::AtomicI32>,
}

#[cfg(not(unix))]
impl Signals {
    /// Other systems end the process themselves.
    pub fn cancelling(_monitor: &annatomy_runtime::Monitor) -> Self {
        Self {}
    }

    pub fn end_if_received(&self) {}
}

#[cfg(unix)]
mod unix {
    use super::Signals;
    use annatomy_formats::remove_pending_files;
    use annatomy_runtime::Monitor;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals as Incoming;
    use signal_hook::low_level::emulate_default_handler;
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    /// How long the work may take to notice that it is cancelled.
    const GRACE: Duration = Duration::from_secs(3);

    impl Signals {
        /// Cancels `monitor` at the first signal. Where handlers cannot be installed, signals do
        /// what they do by default.
        pub fn cancelling(monitor: &Monitor) -> Self {
            let received = Arc::new(AtomicI32::new(0));
            let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
            let ignored = ignored_signals();
            let wanted = [SIGINT, SIGTERM, SIGHUP]
                .into_iter()
                .filter(|signal| ignored >> (signal - 1) & 1 == 0);
            // Handlers without a thread that follows them would swallow the signals.
            let (install, installed) = mpsc::channel::<Incoming>();
            let (followed, noted) = (monitor.clone(), Arc::clone(&received));
            let work = move || {
                if let Ok(incoming) = installed.recv() {
                    follow(incoming, &followed, &noted);
                }
            };
            if thread::Builder::new().spawn(work).is_ok()
                && let Ok(incoming) = Incoming::new(wanted)
            {
                let _ = install.send(incoming);
            }
            Self { received }
        }

        /// Ends the process by the signal that cancelled its work, if one did.
        pub fn end_if_received(&self) {
            let signal = self.received.load(Ordering::SeqCst);
            if signal != 0 {
                end_by(signal);
            }
        }
    }

    fn follow(mut incoming: Incoming, monitor: &Monitor, received: &AtomicI32) {
        for signal in incoming.forever() {
            if received.swap(signal, Ordering::SeqCst) != 0 {
                end_by(signal);
            }
            monitor.cancel();
            let end_late = move || {
                thread::sleep(GRACE);
                end_by(signal);
            };
            if thread::Builder::new().spawn(end_late).is_err() {
                end_by(signal);
            }
        }
    }

    fn end_by(signal: i32) {
        remove_pending_files();
        let _ = emulate_default_handler(signal);
    }

    /// A bit for each signal that this process ignores, where the system says so.
    fn ignored_signals() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    }
}

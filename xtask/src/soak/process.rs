//! One run of the command: started, perhaps signalled, waited for, and its end in words.

use anyhow::{Context, Result, bail};
use std::fmt;
use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A command that has not ended after this long hangs.
const LONGEST: Duration = Duration::from_secs(100);
const PAUSE: Duration = Duration::from_millis(2);

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// Nothing: it runs to its end.
    Ends,
    /// This signal after this long.
    Signal(Signal, Duration),
    /// No file may grow beyond this many blocks of 512 bytes.
    FileLimit(u64),
}

/// The signals that are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    Interrupt,
    Terminate,
    Hangup,
    Kill,
}

impl Signal {
    pub const ALL: [Self; 4] = [Self::Interrupt, Self::Terminate, Self::Hangup, Self::Kill];

    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Terminate => "TERM",
            Self::Hangup => "HUP",
            Self::Kill => "KILL",
        }
    }

    fn number(self) -> i32 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
            Self::Hangup => 1,
            Self::Kill => 9,
        }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Ends => write!(out, "to its end"),
            Self::Signal(signal, after) => {
                write!(out, "SIG{} after {} ms", signal.name(), after.as_millis())
            }
            Self::FileLimit(blocks) => write!(out, "ulimit -f {blocks}"),
        }
    }
}

/// How a run ended.
pub struct Ended {
    pub status: ExitStatus,
    pub messages: String,
    pub seconds: f64,
}

impl Ended {
    pub fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// What is wrong with the exit code or the messages under `fate`, if anything is.
    pub fn fault(&self, fate: Fate) -> Option<String> {
        if self.messages.contains("panicked") || self.messages.contains("RUST_BACKTRACE") {
            return Some(format!("a panic: {}", self.messages.trim()));
        }
        let sent = match fate {
            Fate::Signal(signal, _) => Some(signal.number()),
            _ => None,
        };
        match (self.status.code(), self.status.signal()) {
            (Some(1..=3), _) if self.messages.trim().is_empty() => {
                Some(format!("{} without a message", self.status))
            }
            (Some(0..=3), _) => None,
            // What a shell says of a command that the signal has ended.
            (Some(code), _) if sent.is_some_and(|number| code == 128 + number) => None,
            (None, signal) if signal == sent => None,
            _ => Some(format!("{}: {}", self.status, self.messages.trim())),
        }
    }
}

/// Runs `binary` with `arguments` in `folder`.
pub fn run(binary: &Path, arguments: &[String], folder: &Path, fate: Fate) -> Result<Ended> {
    let (mut command, messages) = prepare(binary, arguments, folder, fate)?;
    let began = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let mut fate = fate;
    let status = loop {
        if let Some(status) = child.try_wait().context("cannot wait")? {
            break status;
        }
        match fate {
            Fate::Signal(signal, after) if began.elapsed() >= after => {
                send(signal, child.id())?;
                fate = Fate::Ends;
            }
            _ if began.elapsed() > LONGEST => {
                child.kill().context("cannot kill")?;
                child.wait().context("cannot wait")?;
                bail!("no end within {LONGEST:?}: {arguments:?}");
            }
            _ => std::thread::sleep(PAUSE),
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    let bytes = std::fs::read(&messages).context("no messages")?;
    Ok(Ended {
        status,
        messages: String::from_utf8_lossy(&bytes).into_owned(),
        seconds,
    })
}

/// The command, and the file of its stderr, outside the small disk. A pipe that fills would stop the
/// command.
fn prepare(
    binary: &Path,
    arguments: &[String],
    folder: &Path,
    fate: Fate,
) -> Result<(Command, std::path::PathBuf)> {
    let messages = std::env::temp_dir().join(format!("annatomy-soak-{}", std::process::id()));
    let mut command = match fate {
        Fate::FileLimit(blocks) => {
            let mut shell = Command::new("sh");
            let script = format!("ulimit -f {blocks}; exec \"$@\"");
            shell.args(["-c", &script, "sh"]).arg(binary);
            shell
        }
        _ => Command::new(binary),
    };
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&messages).context("cannot keep messages")?);
    Ok((command, messages))
}

/// By the shell's own `kill`. A process that has ended meanwhile is no error.
fn send(signal: Signal, id: u32) -> Result<()> {
    let script = format!("kill -s {} {id}", signal.name());
    Command::new("sh")
        .args(["-c", &script])
        .stderr(Stdio::null())
        .status()
        .context("cannot send a signal")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `wait` gives it: the exit code in the second byte, a signal in the first.
    fn ended(raw: i32, messages: &str) -> Ended {
        Ended {
            status: ExitStatus::from_raw(raw),
            messages: messages.to_owned(),
            seconds: 0.0,
        }
    }

    #[test]
    fn exit_codes_are_true_or_faults() {
        let killed = Fate::Signal(Signal::Kill, Duration::ZERO);
        let interrupted = Fate::Signal(Signal::Interrupt, Duration::ZERO);
        assert_eq!(ended(0, "").fault(Fate::Ends), None);
        assert_eq!(ended(2 << 8, "error: no").fault(Fate::Ends), None);
        assert_eq!(ended(9, "").fault(killed), None);
        assert_eq!(ended(130 << 8, "").fault(interrupted), None);
        for (raw, messages, fate) in [
            (101 << 8, "", Fate::Ends),
            (9, "", Fate::Ends),
            (9, "", interrupted),
            (130 << 8, "", killed),
            (6, "memory allocation failed", Fate::Ends),
            (25, "", Fate::FileLimit(1)),
            (1 << 8, "", Fate::Ends),
            (0, "thread 'main' panicked at", Fate::Ends),
        ] {
            assert!(
                ended(raw, messages).fault(fate).is_some(),
                "{raw} {messages}"
            );
        }
    }
}

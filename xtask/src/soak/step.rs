//! One step: a command with its fate, what it left, and the next run of the same command.

use super::commands::{Line, Menu};
use super::disk::SmallDisk;
use super::process::{Ended, Fate, Signal, run};
use super::random::Random;
use super::reference::{Reference, Snapshot, snapshot};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The state of a soak.
pub struct Soak<'a> {
    binary: &'a Path,
    reference_folder: PathBuf,
    disk: &'a SmallDisk,
    menu: &'a Menu,
    references: BTreeMap<Line, Reference>,
    /// How often each fate was met, by its name.
    met: BTreeMap<&'static str, usize>,
    /// How often each command was drawn.
    drawn: BTreeMap<String, usize>,
    steps: usize,
    faults: usize,
}

impl<'a> Soak<'a> {
    /// Nothing has run.
    pub fn new(binary: &'a Path, references: &Path, disk: &'a SmallDisk, menu: &'a Menu) -> Self {
        Self {
            binary,
            reference_folder: references.to_owned(),
            disk,
            menu,
            references: BTreeMap::new(),
            met: BTreeMap::new(),
            drawn: BTreeMap::new(),
            steps: 0,
            faults: 0,
        }
    }

    /// Steps taken.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Faults found.
    pub fn faults(&self) -> usize {
        self.faults
    }

    /// Draws one command and its fate, runs it, and runs it again to its end.
    pub fn step(&mut self, random: &mut Random) -> Result<()> {
        self.steps += 1;
        let line = self.menu.draw(random);
        *self.drawn.entry(line.command().to_owned()).or_default() += 1;
        if !self.references.contains_key(&line) {
            let folder = self
                .reference_folder
                .join(self.references.len().to_string());
            let reference = Reference::take(self.binary, &line, &folder)?;
            self.references.insert(line.clone(), reference);
        }
        let reference = &self.references[&line];
        let folder = self.disk.folder();
        if random.happens(50) && folder.exists() {
            fs::remove_dir_all(&folder).context("cannot empty the small disk")?;
        }
        fs::create_dir_all(&folder).context("cannot make the work folder")?;
        let before = snapshot(&folder)?;
        let fate = draw_fate(random, reference);
        let room = (self.disk.is_mounted() && random.happens(30))
            .then(|| random.below(reference.bytes * 5 / 4 + (64 << 10)));
        if let Some(room) = room {
            self.disk.fill(room)?;
        }
        let ended = run(self.binary, &line.0, &folder, fate)?;
        self.disk.free()?;
        let full = room.is_some() || matches!(fate, Fate::FileLimit(_));
        let mut faults: Vec<String> = ended.fault(fate).into_iter().collect();
        faults.extend(judge(&folder, &before, reference, &ended, fate)?);
        if fate == Fate::Ends && !full && ended.status.code() != reference.code {
            faults.push(format!(
                "{}, and at first {:?}",
                ended.status, reference.code
            ));
        }
        let next = run(self.binary, &line.0, &folder, Fate::Ends)?;
        if next.status.code() != reference.code {
            let problem = next.messages.trim();
            faults.push(format!("the next run: {}: {problem}", next.status));
        }
        let left = judge(&folder, &before, reference, &next, Fate::Ends)?;
        faults.extend(
            left.into_iter()
                .map(|fault| format!("after the next run: {fault}")),
        );
        let room = room.map_or_else(String::new, |room| format!(", {room} bytes left"));
        *self.met.entry(kind(&ended, full)).or_default() += 1;
        if !faults.is_empty() {
            self.faults += faults.len();
            eprintln!(
                "step {}: {line}\n  {fate}{room}: {}",
                self.steps, ended.status
            );
            for fault in faults {
                eprintln!("  FAULT {fault}");
            }
            // What is wrong here is not found a second time.
            fs::remove_dir_all(&folder).context("cannot empty the small disk")?;
        }
        Ok(())
    }
}

fn kind(ended: &Ended, full: bool) -> &'static str {
    match (ended.status.code(), full) {
        (Some(0), false) => "done",
        (Some(0), true) => "done with room enough",
        (Some(2), _) => "refused",
        (Some(_), true) => "failed for room",
        (Some(_), false) => "failed",
        (None, _) => "ended by a signal",
    }
}

fn draw_fate(random: &mut Random, reference: &Reference) -> Fate {
    match random.below(10) {
        0..4 => Fate::Ends,
        4 => Fate::FileLimit(random.below(reference.largest / 512 * 5 / 4 + 8) + 1),
        _ => {
            let signal = random.pick(&Signal::ALL);
            // Half of them near the end, when outputs are written.
            let first = if random.happens(50) { 0.7 } else { 0.0 };
            let share = first + (1.2 - first) * random.below(1_000) as f64 / 1_000.0;
            Fate::Signal(signal, Duration::from_secs_f64(share * reference.seconds))
        }
    }
}

/// What is wrong with the files that a run left.
fn judge(
    folder: &Path,
    before: &Snapshot,
    reference: &Reference,
    ended: &Ended,
    fate: Fate,
) -> Result<Vec<String>> {
    let after = snapshot(folder)?;
    let mut faults = Vec::new();
    // SIGKILL cannot be caught: the next run removes what it left.
    let may_leave = matches!(fate, Fate::Signal(Signal::Kill, _)) && !ended.succeeded();
    for (path, &hash) in &after {
        let shown = path.display();
        if before.get(path) == Some(&hash) {
            continue;
        }
        if !reference.leaves(path) {
            if !may_leave {
                faults.push(format!("{shown} is left over"));
            }
        } else if !reference.is_whole(folder, path, hash) {
            faults.push(format!("{shown} is neither whole nor as it was"));
        }
    }
    for path in before.keys() {
        if !after.contains_key(path) && !reference.leaves(path) {
            faults.push(format!("{} is gone, which is no output", path.display()));
        }
    }
    if ended.succeeded() {
        for path in reference.files().filter(|path| !after.contains_key(*path)) {
            faults.push(format!("success without {}", path.display()));
        }
    }
    Ok(faults)
}

impl fmt::Display for Soak<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{} steps, {} faults", self.steps, self.faults)?;
        for (kind, count) in &self.met {
            write!(out, "; {kind} {count}")?;
        }
        write!(out, "\ncommands:")?;
        for (command, count) in &self.drawn {
            write!(out, " {command} {count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A command that leaves `out` of six bytes, and what is said of a folder after it.
    fn faults_of(left: &[(&str, &str)], fate: Fate) -> Vec<String> {
        let name = format!("annatomy-soak-test-{}-{}", std::process::id(), left.len());
        let root = std::env::temp_dir().join(name);
        let folder = root.join("work");
        fs::create_dir_all(&folder).expect("a folder");
        let script = root.join("command");
        fs::write(&script, "#!/bin/sh\nprintf whole! > out\n").expect("a script");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a script");
        let line = Line(Vec::new());
        let reference = Reference::take(&script, &line, &root.join("reference")).expect("two runs");
        for (path, text) in left {
            fs::write(folder.join(path), text).expect("a file");
        }
        let ended = run(Path::new("true"), &[], &root, Fate::Ends).expect("a run");
        let faults = judge(&folder, &Snapshot::new(), &reference, &ended, fate).expect("a folder");
        fs::remove_dir_all(root).expect("the folder");
        faults
    }

    #[test]
    fn outputs_are_whole_and_alone_or_faults() {
        assert_eq!(faults_of(&[("out", "whole!")], Fate::Ends), [""; 0]);
        assert_eq!(faults_of(&[], Fate::Ends), ["success without out"]);
        let left = [("out", "whole!"), (".annatomy-x", "")];
        assert_eq!(faults_of(&left, Fate::Ends), [".annatomy-x is left over"]);
        let half = [("out", "who"), ("a", ""), ("b", "")];
        let faults = faults_of(&half, Fate::Ends);
        assert!(faults.contains(&"out is neither whole nor as it was".to_owned()));
    }
}

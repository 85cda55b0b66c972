//! The driver of a study: settings checked, cost computed, then run after run, each kept when it is
//! finished.

use super::StudyError;
use super::checkpoint::{Checkpoints, Identity, Kept, Start};
use super::cost::{Cost, Neighbors};
use super::data::Source;
use super::plan::Plan;
use super::record;
use super::run;
use crate::config::check;
use crate::results::{Machine, RunRecord, Settings, StudyResults};
use annatomy_formats::OutputFolder;
use annatomy_runtime::{install, note, prefix_stages, thread_count, warn};
use annatomy_vectors::MatrixView;
use std::time::SystemTime;

/// How a study is carried out; nothing here changes a result.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Threads; 0 for as many as the machine has.
    pub threads: usize,
    /// Most bytes that tables of all pairs may take.
    pub memory_budget_bytes: u64,
}

impl Default for Execution {
    fn default() -> Self {
        Self {
            threads: 0,
            memory_budget_bytes: 3 << 30,
        }
    }
}

/// Computes runs in the place of this process, such as tasks on other machines.
pub trait RunsElsewhere: Sync {
    /// Says which runs will be asked for, in their order.
    fn begin(&self, runs: &[usize]);

    /// What [`Study::run_alone`] gives of a run there, of the same study.
    ///
    /// # Errors
    /// In words, if it cannot be had.
    fn run(&self, run: usize) -> Result<Vec<u8>, String>;
}

/// A study ready to run: settings checked, data opened.
pub struct Study<'a> {
    settings: Settings,
    plan: Plan,
    source: Source<'a>,
    elsewhere: Option<&'a dyn RunsElsewhere>,
}

impl<'a> Study<'a> {
    /// Checks `settings` and opens the data.
    ///
    /// ```
    /// use annatomy_study::{Execution, Study};
    ///
    /// let mut settings = annatomy_study::config::defaults();
    /// settings.subset = Some(300); // rows of built-in data
    /// settings.ks = vec![10, 20];
    /// settings.runs = 1;
    /// let results = Study::new(settings)?.run(&Execution::default())?;
    /// assert_eq!(results.runs[0].conditions.len(), 14);
    /// # Ok::<(), annatomy_study::StudyError>(())
    /// ```
    pub fn new(settings: Settings) -> Result<Self, StudyError> {
        check(&settings)?;
        let source = Source::open(&settings)?;
        Self::of_source(source, settings)
    }

    /// A study of rows in memory; `settings.data` is only the name they go by. Each run works on a
    /// copy of its rows.
    pub fn of_rows(rows: MatrixView<'a>, settings: Settings) -> Result<Self, StudyError> {
        check(&settings)?;
        let source = Source::memory(rows, &settings)?;
        Self::of_source(source, settings)
    }

    fn of_source(source: Source<'a>, settings: Settings) -> Result<Self, StudyError> {
        // A plan of absurd settings would itself take all memory.
        Cost::new(&settings, source.rows(), source.columns()).check(Neighbors::NotDecided)?;
        let plan = Plan::new(&settings);
        Ok(Self {
            settings,
            plan,
            source,
            elsewhere: None,
        })
    }

    /// What was asked.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What will be computed.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Rows per run.
    pub fn rows(&self) -> usize {
        self.source.rows()
    }

    /// Leaves the runs to others.
    #[must_use]
    pub fn with_runs(self, elsewhere: &'a dyn RunsElsewhere) -> Self {
        Self {
            elsewhere: Some(elsewhere),
            ..self
        }
    }

    /// Computes one run: the bytes of its record, for a [`RunsElsewhere`].
    ///
    /// # Errors
    /// As of all runs.
    pub fn run_alone(&self, run: usize, execution: &Execution) -> Result<Vec<u8>, StudyError> {
        self.check_cost(execution)?;
        let record = self.compute(run, execution, None)?;
        record::encode(&self.identity()?.hash(), &record)
            .map_err(|error| StudyError::Elsewhere(format!("run {run}: {error}")))
    }

    /// Runs everything in memory.
    pub fn run(&self, execution: &Execution) -> Result<StudyResults, StudyError> {
        self.check_cost(execution)?;
        self.carry_out(execution, None)
    }

    /// Runs what `folder` does not hold yet, keeping each finished run there. The folder is claimed
    /// for [`Owner::STUDY`](annatomy_formats::Owner::STUDY).
    pub fn run_in(
        &self,
        folder: &OutputFolder,
        start: Start,
        execution: &Execution,
    ) -> Result<StudyResults, StudyError> {
        let identity = self.identity()?;
        let checkpoints = Checkpoints::open(folder, &identity)?;
        if !checkpoints.is_complete() {
            self.check_cost(execution)?;
            checkpoints.begin(start, self.settings.runs)?;
        } else if start == Start::Afresh {
            warn(&format!(
                "{} holds this very study, finished: its runs are used (remove the folder to compute them again)",
                folder.path().display()
            ));
        }
        self.carry_out(execution, Some(&checkpoints))
    }

    fn check_cost(&self, execution: &Execution) -> Result<(), StudyError> {
        let (rows, columns) = (self.source.rows(), self.source.columns());
        let queries = self.settings.sample.unwrap_or(rows);
        let neighbors = match run::table_bytes(rows, queries, execution.memory_budget_bytes) {
            Some(bytes) => Neighbors::Tables { bytes },
            None => Neighbors::Streamed,
        };
        Ok(Cost::new(&self.settings, rows, columns).check(neighbors)?)
    }

    fn carry_out(
        &self,
        execution: &Execution,
        checkpoints: Option<&Checkpoints<'_>>,
    ) -> Result<StudyResults, StudyError> {
        let machine = machine(thread_count(execution.threads));
        let read = |number| match checkpoints {
            Some(checkpoints) => checkpoints.read(number),
            None => Ok(Kept::Nothing),
        };
        if let Some(elsewhere) = self.elsewhere {
            let mut missing = Vec::new();
            for number in 0..self.settings.runs {
                if !matches!(read(number)?, Kept::Run(_)) {
                    missing.push(number);
                }
            }
            elsewhere.begin(&missing);
        }
        let mut runs = Vec::new();
        for number in 0..self.settings.runs {
            prefix_stages(&format!("run {}/{}: ", number + 1, self.settings.runs));
            let kept = read(number)?;
            let resumed = matches!(kept, Kept::Run(_));
            let record = match kept {
                Kept::Run(record) => *record,
                Kept::Nothing => self.compute(number, execution, checkpoints)?,
                Kept::Damaged { path, fault } => {
                    warn(&format!(
                        "{} cannot be used: {fault}; the run is computed again",
                        path.display()
                    ));
                    self.compute(number, execution, checkpoints)?
                }
            };
            let how = if resumed { "kept from before" } else { "done" };
            note(&format!("run {}/{} {how}", number + 1, self.settings.runs));
            runs.push(record);
        }
        Ok(StudyResults {
            settings: self.settings.clone(),
            machine,
            runs,
        })
    }

    /// Computes a run and keeps its record, unless the data changed meanwhile.
    fn compute(
        &self,
        number: usize,
        execution: &Execution,
        checkpoints: Option<&Checkpoints<'_>>,
    ) -> Result<RunRecord, StudyError> {
        let record = match self.elsewhere {
            Some(elsewhere) => self.fetch(number, elsewhere)?,
            None => install(execution.threads, || {
                run::run(&self.settings, &self.plan, &self.source, number, execution)
            })??,
        };
        self.source
            .check_unchanged(checkpoints.map(Checkpoints::data))?;
        if let Some(checkpoints) = checkpoints {
            checkpoints.keep(&record)?;
        }
        Ok(record)
    }

    fn fetch(&self, number: usize, elsewhere: &dyn RunsElsewhere) -> Result<RunRecord, StudyError> {
        let bytes = elsewhere.run(number).map_err(StudyError::Elsewhere)?;
        record::decode(&bytes, &self.identity()?.hash(), number).map_err(|fault| {
            StudyError::Elsewhere(format!("run {number}, computed elsewhere: {fault}"))
        })
    }

    fn identity(&self) -> Result<Identity, StudyError> {
        Ok(Identity {
            settings: self.settings.clone(),
            data: self.source.fingerprint()?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }
}

fn machine(threads: usize) -> Machine {
    Machine {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        processor: processor().unwrap_or_else(|| "unknown processor".to_owned()),
        instructions: annatomy_vectors::kernels::instructions().to_owned(),
        threads,
        started: utc(SystemTime::now()),
    }
}

/// The processor's name where the system says it (Linux).
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// ISO 8601 in UTC, whole seconds.
fn utc(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn known_dates() {
        let at = |seconds| utc(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_795_449_600), "2026-11-23T16:00:00Z");
        let fraction = SystemTime::UNIX_EPOCH + Duration::from_millis(1_999);
        assert_eq!(utc(fraction), "1970-01-01T00:00:01Z");
    }
}

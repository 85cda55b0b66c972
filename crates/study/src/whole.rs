//! A whole study: claim the folder, do what is not done, hand back everything.

use super::StudyError;
use super::data::Source;
use super::plan::Plan;
use super::run;
use super::store::{Identity, Start, Store};
use crate::config::check;
use crate::results::{Machine, RunRecord, Settings, StudyResults};
use annatomy_runtime::{install, note, prefix_stages, thread_count};
use annatomy_vectors::MatrixView;
use std::path::Path;
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

/// A study ready to run: settings checked, data opened.
pub struct Study<'a> {
    settings: Settings,
    plan: Plan,
    source: Source<'a>,
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
        let plan = Plan::new(&settings);
        Ok(Self {
            settings,
            plan,
            source,
        })
    }

    /// A study of rows in memory; `settings.data` is only the name they go by. Each run works on a
    /// copy of its rows.
    pub fn of_rows(rows: MatrixView<'a>, settings: Settings) -> Result<Self, StudyError> {
        check(&settings)?;
        let source = Source::memory(rows, &settings)?;
        let plan = Plan::new(&settings);
        Ok(Self {
            settings,
            plan,
            source,
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

    /// Runs everything in memory.
    pub fn run(&self, execution: &Execution) -> Result<StudyResults, StudyError> {
        self.carry_out(execution, None)
    }

    /// Runs what `folder` does not hold yet, keeping each finished run there.
    pub fn run_in(
        &self,
        folder: &Path,
        start: Start,
        execution: &Execution,
    ) -> Result<StudyResults, StudyError> {
        let identity = self.identity()?;
        let store = Store::open(folder, &identity, start)?;
        self.carry_out(execution, Some(&store))
            .inspect_err(|_| store.abandon())
    }

    fn carry_out(
        &self,
        execution: &Execution,
        store: Option<&Store>,
    ) -> Result<StudyResults, StudyError> {
        let machine = machine(thread_count(execution.threads));
        let mut runs = Vec::new();
        for number in 0..self.settings.runs {
            prefix_stages(&format!("run {}/{}: ", number + 1, self.settings.runs));
            let kept = store.map_or(Ok(None), |store| store.read(number))?;
            let resumed = kept.is_some();
            let record: RunRecord = match kept {
                Some(record) => record,
                None => install(execution.threads, || {
                    run::run(&self.settings, &self.plan, &self.source, number, execution)
                })??,
            };
            if let Some(store) = store
                && !resumed
            {
                store.keep(&record)?;
            }
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

    fn identity(&self) -> Result<Identity, StudyError> {
        let (data_bytes, data_checksum) = self.source.fingerprint()?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Identity {
            settings: self.settings.clone(),
            data_bytes,
            data_checksum,
            version,
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

/// The processor's name where the system tells it (Linux).
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// ISO 8601 in UTC, by the civil calendar from days (Hinnant, "chrono-compatible low-level date
/// algorithms").
fn utc(time: SystemTime) -> String {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        of_day / 3_600,
        of_day / 60 % 60,
        of_day % 60
    )
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
    }
}

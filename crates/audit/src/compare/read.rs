//! What an audit left in its folder: facts from `audit.json`, values from `per_query.npz`.

use super::SideFacts;
use annatomy_formats::{Column, ReadError, Values, read_columns, read_regular};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Most bytes of an `audit.json`.
const MOST_JSON_BYTES: u64 = 1 << 28;

/// Why two audits cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A file that an audit leaves.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ReadError,
    },
    /// A file that is no audit's.
    #[error("{path}: {problem}")]
    NotAnAudit {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Audits that cannot be paired.
    #[error("{a} and {b} cannot be paired: {what} {found_a} and {found_b}")]
    Different {
        /// The first folder.
        a: String,
        /// The second folder.
        b: String,
        /// Of what they have different ones.
        what: &'static str,
        /// In the first.
        found_a: String,
        /// In the second.
        found_b: String,
    },
    /// No k that both measured.
    #[error("{a} and {b} cannot be paired: no k that both measured ({ks_a} and {ks_b})")]
    NoCommonK {
        /// The first folder.
        a: String,
        /// The second folder.
        b: String,
        /// The first's.
        ks_a: String,
        /// The second's.
        ks_b: String,
    },
}

/// Values of every query at one (k, effort).
#[derive(Debug, Default)]
pub(super) struct CellValues {
    pub(super) overlap: Vec<f64>,
    pub(super) fill: Vec<f64>,
}

/// One audit.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) facts: SideFacts,
    metric: String,
    fingerprint: String,
    /// What each query is called, in the order of the values.
    pub(super) queries: Vec<String>,
    /// By (k, effort), 0 where there is no effort.
    pub(super) cells: BTreeMap<(usize, usize), CellValues>,
}

impl Side {
    pub(super) fn read(folder: &Path) -> Result<Self, CompareError> {
        let path = folder.join("audit.json");
        let json = read_regular(&path, MOST_JSON_BYTES).map_err(|source| CompareError::File {
            path: path.clone(),
            source: source.into(),
        })?;
        let wrong = |problem: String| CompareError::NotAnAudit {
            path: path.clone(),
            problem,
        };
        let json: serde_json::Value =
            serde_json::from_slice(&json).map_err(|error| wrong(error.to_string()))?;
        let data = &json["data"];
        let text = |name: &str| {
            let value = data[name].as_str().map(str::to_owned);
            value.ok_or_else(|| wrong(format!("no data.{name}")))
        };
        let number = |name: &str| {
            let value = data[name].as_u64();
            value.ok_or_else(|| wrong(format!("no data.{name}")))
        };
        let answers = json["answers"]["name"].as_str();
        let source = answers.or(json["graphs"]["source"].as_str());
        let (queries, cells) = read_values(&folder.join("per_query.npz"))?;
        Ok(Self {
            facts: SideFacts {
                folder: folder.display().to_string(),
                data: text("name")?,
                rows: number("rows")? as usize,
                source: source.unwrap_or("unknown").to_owned(),
            },
            metric: text("metric")?,
            fingerprint: text("queries_fingerprint")?,
            queries,
            cells,
        })
    }

    /// The ks measured, ascending.
    pub(super) fn ks(&self) -> Vec<usize> {
        let mut ks: Vec<usize> = self.cells.keys().map(|cell| cell.0).collect();
        ks.dedup();
        ks
    }

    /// Refuses audits of other queries, under another metric, or without a k in common.
    pub(super) fn check_same_queries(&self, other: &Self) -> Result<(), CompareError> {
        let different = |what, found_a: String, found_b: String| CompareError::Different {
            a: self.facts.folder.clone(),
            b: other.facts.folder.clone(),
            what,
            found_a,
            found_b,
        };
        let (a, b) = (self.queries.len(), other.queries.len());
        if a != b {
            let (a, b) = (a.to_string(), b.to_string());
            return Err(different("numbers of queries measured,", a, b));
        }
        if self.metric != other.metric {
            let (a, b) = (self.metric.clone(), other.metric.clone());
            return Err(different("metrics", a, b));
        }
        let names = self.queries.iter().zip(&other.queries);
        if let Some((a, b)) = names.clone().find(|(a, b)| a != b) {
            return Err(different(
                "the first query that differs is",
                a.clone(),
                b.clone(),
            ));
        }
        if self.fingerprint != other.fingerprint {
            let (a, b) = (self.fingerprint.clone(), other.fingerprint.clone());
            return Err(different("the queries' vectors have checksums", a, b));
        }
        let (ks_a, ks_b) = (self.ks(), other.ks());
        if !ks_a.iter().any(|k| ks_b.contains(k)) {
            let listed = |ks: &[usize]| {
                let ks: Vec<String> = ks.iter().map(usize::to_string).collect();
                ks.join(", ")
            };
            return Err(CompareError::NoCommonK {
                a: self.facts.folder.clone(),
                b: other.facts.folder.clone(),
                ks_a: listed(&ks_a),
                ks_b: listed(&ks_b),
            });
        }
        Ok(())
    }
}

type Cells = BTreeMap<(usize, usize), CellValues>;

fn read_values(path: &Path) -> Result<(Vec<String>, Cells), CompareError> {
    let columns = read_columns(path).map_err(|source| CompareError::File {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |problem: String| CompareError::NotAnAudit {
        path: path.to_owned(),
        problem,
    };
    let column = |name: &str| {
        let found = columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| wrong(format!("no column {name}")))
    };
    let names: Vec<String> = match &column("query")?.values {
        Values::Integers(values) => values.iter().map(i64::to_string).collect(),
        Values::Texts(values) => values.clone(),
        Values::Reals(_) => return Err(wrong("queries that are named by reals".to_owned())),
    };
    let rows = names.len();
    let reals = |name: &str| match column(name).map(|column: &Column| &column.values) {
        Ok(Values::Reals(values)) if values.len() == rows => Ok(values.clone()),
        Ok(Values::Integers(values)) if values.len() == rows => {
            Ok(values.iter().map(|&value| value as f64).collect())
        }
        Ok(_) => Err(wrong(format!("column {name} is not {rows} numbers"))),
        Err(error) => Err(error),
    };
    let (ks, efs) = (reals("k")?, reals("ef")?);
    let (overlap, fill) = (reals("overlap")?, reals("fill")?);
    let mut queries: Vec<String> = Vec::new();
    let mut cells = Cells::new();
    for row in 0..rows {
        // Not-a-number, where there is no effort, becomes 0.
        let cell = cells
            .entry((ks[row] as usize, efs[row] as usize))
            .or_default();
        let place = cell.overlap.len();
        match queries.get(place) {
            Some(query) if *query != names[row] => {
                let problem = format!("row {row} is query {}, not {query}", names[row]);
                return Err(wrong(problem));
            }
            Some(_) => {}
            None => queries.push(names[row].clone()),
        }
        cell.overlap.push(overlap[row]);
        cell.fill.push(fill[row]);
    }
    if let Some((cell, values)) = cells
        .iter()
        .find(|(_, cell)| cell.overlap.len() != queries.len())
    {
        let (k, found, expected) = (cell.0, values.overlap.len(), queries.len());
        return Err(wrong(format!("k = {k} has {found} of {expected} queries")));
    }
    Ok((queries, cells))
}

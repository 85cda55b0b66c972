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
        let of = |what: &str| json[what]["source"].as_str();
        let source = answers.or_else(|| of("graphs")).or_else(|| of("method"));
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
        Values::Unsigned(values) => values.iter().map(u64::to_string).collect(),
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

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// An audit of queries 0, 1, …, with these overlaps at each (k, effort); fill is 1.
    pub(in super::super) fn side(cells: &[((usize, usize), &[f64])]) -> Side {
        let queries = cells.first().map_or(0, |(_, overlaps)| overlaps.len());
        let cell = |&(key, overlaps): &((usize, usize), &[f64])| {
            let overlap = overlaps.to_vec();
            let fill = vec![1.0; overlaps.len()];
            (key, CellValues { overlap, fill })
        };
        Side {
            facts: SideFacts {
                folder: "out".to_owned(),
                data: "rows.npy".to_owned(),
                rows: 9,
                source: "answers".to_owned(),
            },
            metric: "l2".to_owned(),
            fingerprint: "00ff".to_owned(),
            queries: (0..queries).map(|query| query.to_string()).collect(),
            cells: cells.iter().map(cell).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::side;
    use super::*;
    use annatomy_formats::write_columns;
    use serde_json::json;

    /// A folder as an audit leaves it.
    fn folder(json: &serde_json::Value, columns: &[Column]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("audit.json"), json.to_string()).expect("a file");
        write_columns(folder.path().join("per_query.npz"), columns).expect("a file");
        folder
    }

    fn audit(source: &serde_json::Value) -> serde_json::Value {
        let mut json = json!({
            "data": {"name": "rows.npy", "rows": 77, "metric": "l2", "queries_fingerprint": "ab"},
            "answers": null, "graphs": null, "method": null,
        });
        for (key, value) in source.as_object().expect("an object") {
            json[key] = value.clone();
        }
        json
    }

    /// (query, k, ef) of each row; overlaps .1, .2, …
    fn columns(rows: &[(i64, i64, f64)]) -> Vec<Column> {
        let tenths = (1..=rows.len()).map(|row| row as f64 / 10.0);
        vec![
            Column::integers("query", rows.iter().map(|row| row.0).collect()),
            Column::integers("k", rows.iter().map(|row| row.1).collect()),
            Column::reals("ef", rows.iter().map(|row| row.2).collect()),
            Column::reals("overlap", tenths.collect()),
            Column::reals("fill", vec![1.0; rows.len()]),
        ]
    }

    const NONE: f64 = f64::NAN;

    #[test]
    fn a_side_is_what_the_files_say() {
        let rows = [(7, 5, NONE), (9, 5, NONE), (7, 20, NONE), (9, 20, NONE)];
        let answers = audit(&json!({"answers": {"name": "ids.npy"}}));
        let side = Side::read(folder(&answers, &columns(&rows)).path()).expect("an audit");
        assert_eq!(
            (side.facts.rows, side.facts.source.as_str()),
            (77, "ids.npy")
        );
        assert_eq!(
            (side.queries.clone(), side.ks()),
            (vec!["7".into(), "9".into()], vec![5, 20])
        );
        assert_eq!(side.cells[&(5, 0)].overlap, [0.1, 0.2], "no effort is 0");
        assert_eq!(side.cells[&(20, 0)].overlap, [0.3, 0.4]);
    }

    #[test]
    fn what_was_looked_at_is_named_by_answers_graphs_or_method() {
        let rows = columns(&[(0, 5, 16.0)]);
        let of = |source: &serde_json::Value| {
            let side = Side::read(folder(&audit(source), &rows).path()).expect("an audit");
            side.facts.source
        };
        let graphs = json!({"source": "FAISS index a.index"});
        assert_eq!(of(&json!({"graphs": graphs})), "FAISS index a.index");
        assert_eq!(
            of(&json!({"graphs": graphs, "answers": {"name": "b.npy"}})),
            "b.npy"
        );
        let method = json!({"source": "FAISS IndexIVFPQ c.index"});
        assert_eq!(of(&json!({"method": method})), "FAISS IndexIVFPQ c.index");
        assert_eq!(of(&json!({})), "unknown");
    }

    fn refused(json: &serde_json::Value, columns: &[Column]) -> String {
        Side::read(folder(json, columns).path())
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn tables_that_are_no_audit_s_are_refused_with_their_place() {
        let whole = audit(&json!({}));
        let rows = [(7, 5, 1.0), (9, 5, 1.0), (7, 5, 2.0), (8, 5, 2.0)];
        assert!(refused(&whole, &columns(&rows)).contains("row 3 is query 8, not 9"));
        let words = refused(&whole, &columns(&rows[..3]));
        assert!(words.contains("k = 5 has 1 of 2 queries"), "{words}");
        let mut without = columns(&rows[..2]);
        without.remove(4);
        assert!(refused(&whole, &without).contains("no column fill"));
        let mut text = columns(&rows[..2]);
        text[3] = Column::texts("overlap", vec!["a".into(), "b".into()]);
        assert!(refused(&whole, &text).contains("column overlap is not 2 numbers"));
        let mut json = whole.clone();
        json["data"]
            .as_object_mut()
            .expect("data")
            .remove("queries_fingerprint");
        assert!(refused(&json, &columns(&rows[..2])).contains("no data.queries_fingerprint"));
        let missing = tempfile::tempdir().expect("a folder");
        let words = Side::read(missing.path())
            .expect_err("no files")
            .to_string();
        assert!(words.contains("audit.json"), "{words}");
    }

    #[test]
    fn audits_of_other_queries_cannot_be_paired() {
        let values = [0.5, 0.6];
        let a = side(&[((10, 16), &values), ((90, 16), &values)]);
        let other = |change: fn(&mut Side)| {
            let mut b = side(&[((10, 16), &values), ((90, 16), &values)]);
            change(&mut b);
            a.check_same_queries(&b)
                .err()
                .map(|error| error.to_string())
        };
        assert_eq!(other(|_| {}), None);
        let said = |change, words: &str| {
            let error = other(change).expect("refused");
            assert!(error.contains(words), "{error}");
        };
        said(
            |b| b.queries.truncate(1),
            "numbers of queries measured, 2 and 1",
        );
        said(|b| b.metric = "cosine".to_owned(), "metrics l2 and cosine");
        said(
            |b| b.queries[1] = "5".to_owned(),
            "the first query that differs is 1 and 5",
        );
        said(|b| b.fingerprint = "11".to_owned(), "checksums 00ff and 11");
        let apart = |b: &mut Side| {
            let values = std::mem::take(b.cells.get_mut(&(10, 16)).expect("a cell"));
            b.cells = BTreeMap::from([((7, 16), values)]);
        };
        said(apart, "no k that both measured (10, 90 and 7)");
    }
}

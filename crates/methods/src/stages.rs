//! The chain of loss: each missing neighbor is charged to the first stage that lost it.
//!
//! transform → codes → routing → rerank
//!
//! With k' candidates handed on for k neighbors (k' = k where nothing is reranked), E the k exact
//! neighbors, E_T the k' nearest after the transforms, E_Q the k' nearest by code, and C the
//! candidates that the search found, a missing neighbor is lost by
//!
//! | stage | if it is |
//! |---|---|
//! | transform | not in E_T |
//! | codes | in E_T, not in E_Q |
//! | routing | in both, not in C: its cell was not probed, or the graph did not lead to it |
//! | rerank | in all three |
//!
//! So the losses add up to all that is missing, for every query. |E∩E_T|/k and |E∩E_Q|/k are
//! ceilings that no effort lifts. A neighbor that the search found all the same, since rows nearer
//! by code were not visited, is not missing and charged to nothing.

use serde::Serialize;

/// Missing neighbors by the stage that lost them; of one query, or means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Losses {
    /// PCA, OPQ, normalization: too far after the transform.
    pub transform: f64,
    /// Too far by code.
    pub codes: f64,
    /// Near enough by code, and not visited.
    pub routing: f64,
    /// Of these, the rows to which no path leads from the graph's entry point.
    pub unreachable: f64,
    /// A candidate, and dropped by the rerank.
    pub rerank: f64,
    /// A row at the same distance is in its place, which the overlap counts.
    pub tied: f64,
}

impl Losses {
    /// All that is missing.
    pub fn total(&self) -> f64 {
        self.transform + self.codes + self.routing + self.rerank + self.tied
    }

    /// Adds `other`.
    pub fn add(&mut self, other: &Self) {
        self.transform += other.transform;
        self.codes += other.codes;
        self.routing += other.routing;
        self.unreachable += other.unreachable;
        self.rerank += other.rerank;
        self.tied += other.tied;
    }

    /// Each times `factor`.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            transform: self.transform * factor,
            codes: self.codes * factor,
            routing: self.routing * factor,
            unreachable: self.unreachable * factor,
            rerank: self.rerank * factor,
            tied: self.tied * factor,
        }
    }
}

/// What each stage left of one query, rows by number, the query itself left out.
#[derive(Clone, Copy, Debug)]
pub struct Stages<'s> {
    /// The k exact neighbors, nearest first.
    pub exact: &'s [u32],
    /// E_T; `None` without transforms.
    pub transformed: Option<&'s [u32]>,
    /// E_Q; `None` where rows are kept as they were.
    pub coded: Option<&'s [u32]>,
    /// C.
    pub candidates: &'s [u32],
    /// The answer.
    pub returned: &'s [u32],
    /// Of each row, whether a path leads to it; `None` where no graph is walked.
    pub reachable: Option<&'s [bool]>,
    /// Neighbors missing from the answer in whose place stands a row at the same distance: the
    /// farthest ones.
    pub tied: usize,
}

/// The losses of one query.
pub fn losses(stages: &Stages<'_>) -> Losses {
    let mut losses = Losses::default();
    let mut tied = stages.tied;
    for id in stages.exact.iter().rev() {
        let has = |rows: Option<&[u32]>| rows.is_none_or(|rows| rows.contains(id));
        if stages.returned.contains(id) {
            continue;
        }
        let lost = if tied > 0 {
            tied -= 1;
            &mut losses.tied
        } else if !has(stages.transformed) {
            &mut losses.transform
        } else if !has(stages.coded) {
            &mut losses.codes
        } else if !stages.candidates.contains(id) {
            let reachable = stages.reachable;
            if reachable.is_some_and(|reachable| !reachable[*id as usize]) {
                losses.unreachable += 1.0;
            }
            &mut losses.routing
        } else {
            &mut losses.rerank
        };
        *lost += 1.0;
    }
    losses
}

/// How many of `exact` are in `rows`, as a share.
pub fn ceiling(exact: &[u32], rows: &[u32]) -> f64 {
    let kept = exact.iter().filter(|id| rows.contains(id)).count();
    kept as f64 / exact.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_neighbor_is_charged_once_to_the_first_stage() {
        let stages = Stages {
            exact: &[1, 2, 3, 4, 5, 6],
            transformed: Some(&[2, 3, 4, 5, 6, 9]),
            coded: Some(&[1, 3, 4, 5, 6, 9]),
            candidates: &[4, 5, 9],
            returned: &[5, 9],
            reachable: Some(&[true, true, true, false, false]),
            tied: 1,
        };
        let losses = losses(&stages);
        let expected = Losses {
            transform: 1.0,
            codes: 1.0,
            routing: 1.0,
            unreachable: 1.0,
            rerank: 1.0,
            tied: 1.0,
        };
        assert_eq!(losses, expected);
        assert_eq!(losses.total(), 5.0);
        assert_eq!(ceiling(stages.exact, &[1, 2, 9]), 1.0 / 3.0);
    }

    #[test]
    fn what_is_found_in_spite_of_its_code_is_not_missing() {
        let stages = Stages {
            exact: &[1],
            transformed: None,
            coded: Some(&[7]),
            candidates: &[1],
            returned: &[1],
            reachable: None,
            tied: 0,
        };
        assert_eq!(losses(&stages), Losses::default());
    }
}

//! Which k are measured, and how many exact neighbors that takes.

use super::error::AuditError;
use super::notes::Note;

/// Default neighbor counts.
pub const DEFAULT_KS: [usize; 3] = [10, 90, 500];

/// Which k are measured, and how many exact neighbors that takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Depth {
    /// Ascending.
    pub(super) ks: Vec<usize>,
    /// Exact neighbors to find: enough for every k, and for repair.
    pub(super) neighbors: usize,
}

impl Depth {
    /// For `asked`, or by default those that the data and the answers have; and for those `required`.
    /// `available` neighbors can there be of a query; the answers have `slots`; `repaired` slots are
    /// to be repaired.
    pub(super) fn new(
        asked: Option<&[usize]>,
        required: &[usize],
        available: usize,
        slots: Option<usize>,
        repaired: usize,
    ) -> Result<Self, AuditError> {
        let ks = match asked {
            Some(asked) => asked.to_vec(),
            None => default_ks(available, slots),
        };
        let ks = sorted([&ks, required].concat());
        let out_of_range = |&&k: &&usize| k == 0 || k > available;
        let refused = ks.iter().find(out_of_range).copied();
        if let Some(k) = refused.or((repaired > available).then_some(repaired)) {
            return Err(AuditError::K { k, available });
        }
        let neighbors = ks.last().copied().unwrap_or(1).max(repaired);
        Ok(Self { ks, neighbors })
    }

    /// The k that the answers have too few slots for.
    pub(super) fn beyond(&self, slots: usize) -> Option<Note> {
        let ks: Vec<usize> = self.ks.iter().copied().filter(|&k| k > slots).collect();
        (!ks.is_empty()).then_some(Note::BeyondSlots { ks, slots })
    }
}

fn default_ks(available: usize, slots: Option<usize>) -> Vec<usize> {
    let limit = slots.map_or(available, |slots| slots.min(available));
    let mut ks: Vec<usize> = DEFAULT_KS.into_iter().filter(|&k| k <= limit).collect();
    ks.extend(slots.filter(|&slots| slots <= available && slots > 0));
    if ks.is_empty() && limit > 0 {
        ks.push(limit);
    }
    sorted(ks)
}

fn sorted(mut ks: Vec<usize>) -> Vec<usize> {
    ks.sort_unstable();
    ks.dedup();
    ks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ks(asked: Option<&[usize]>, available: usize, slots: Option<usize>) -> Vec<usize> {
        let depth = Depth::new(asked, &[], available, slots, 0).expect("in range");
        depth.ks
    }

    #[test]
    fn by_default_every_k_that_the_data_and_the_answers_have() {
        assert_eq!(ks(None, 10_000, None), [10, 90, 500]);
        assert_eq!(ks(None, 90, None), [10, 90]);
        assert_eq!(ks(None, 7, None), [7], "fewer rows than the least k");
        assert_eq!(ks(None, 10_000, Some(100)), [10, 90, 100], "all slots too");
        assert_eq!(ks(None, 10_000, Some(90)), [10, 90]);
        assert_eq!(ks(None, 60, Some(100)), [10], "slots that no data can fill");
        assert_eq!(ks(None, 10_000, Some(0)), [0; 0]);
    }

    #[test]
    fn asked_ks_are_ascending_and_in_range() {
        assert_eq!(ks(Some(&[20, 5, 20]), 20, Some(3)), [5, 20]);
        for (asked, k) in [(0, 0), (21, 21)] {
            let error = Depth::new(Some(&[5, asked]), &[], 20, None, 0).expect_err("refused");
            let words = format!("k = {k} neighbors out of 20: k must be between 1 and 20");
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn repair_takes_neighbors_for_every_slot() {
        let depth = Depth::new(Some(&[5]), &[], 20, Some(12), 12).expect("in range");
        assert_eq!((depth.ks, depth.neighbors), (vec![5], 12));
        assert!(Depth::new(Some(&[5]), &[], 11, Some(12), 12).is_err());
        assert_eq!(
            Depth::new(None, &[], 0, Some(0), 0)
                .expect("nothing")
                .neighbors,
            1
        );
    }

    #[test]
    fn ks_beyond_the_slots_are_noted() {
        let depth = Depth::new(Some(&[5, 12]), &[13, 5], 20, Some(12), 0).expect("in range");
        let note = Note::BeyondSlots {
            ks: vec![13],
            slots: 12,
        };
        assert_eq!(depth.beyond(12), Some(note));
        assert_eq!(depth.beyond(13), None);
    }
}

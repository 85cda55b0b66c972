//! The record of a scan: rows compared group after group, as those of the cells of an inverted file
//! are. A search of effort e scans the first e groups.
//!
//! Enters: per group its number of rows, and those of them that some answer may hold. Leaves: a
//! [`Visits`], in which the other rows are counted alone. Cost: one sort of the rows kept.

use super::record::SearchRecord;
use super::trace::Visits;
use crate::queue::Scored;

/// A scan that is being recorded.
#[derive(Debug)]
pub struct ScanRecord<'v> {
    visits: &'v mut Visits,
    /// Rows of the groups before this one.
    before: usize,
}

impl Visits {
    /// Replaces the record by that of a scan.
    pub fn scan(&mut self) -> ScanRecord<'_> {
        self.begin(0, usize::MAX);
        ScanRecord {
            visits: self,
            before: 0,
        }
    }
}

impl ScanRecord<'_> {
    /// Keeps the row at `place` of the group, behind those kept before.
    pub fn keep(&mut self, place: usize, row: Scored) {
        self.visits.skip_to(self.before + place);
        self.visits.on_evaluated(row);
    }

    /// Ends a group of `rows` rows.
    pub fn end_group(&mut self, rows: usize) {
        self.before += rows;
        self.visits.skip_to(self.before);
        self.visits.end_group();
    }

    /// Ends the scan.
    pub fn finish(self) {
        self.visits.order_by_key();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effort_scans_as_many_groups() {
        let mut visits = Visits::default();
        let mut scan = visits.scan();
        for group in [vec![(4, 9), (1, 7)], vec![], vec![(3, 8), (0, 2)]] {
            for (place, &(id, key)) in group.iter().enumerate() {
                scan.keep(place, Scored { key, id });
            }
            scan.end_group(group.len());
        }
        scan.finish();
        assert_eq!(visits.ef(), 3);
        assert_eq!(
            [0, 1, 2, 3].map(|effort| visits.visited(effort)),
            [2, 2, 2, 4]
        );
        let of = |visited| -> Vec<u32> { visits.among_first(visited).map(|v| v.id).collect() };
        assert_eq!(of(2), [1, 4]);
        assert_eq!(of(4), [0, 1, 3, 4]);
        let required = |arrival| visits.required_ef(arrival);
        assert_eq!([0, 1, 2, 3].map(required), [1, 1, 3, 3]);
    }

    #[test]
    fn rows_that_are_not_kept_are_counted() {
        let mut visits = Visits::default();
        let mut scan = visits.scan();
        scan.keep(2, Scored { key: 5, id: 8 });
        scan.end_group(4);
        scan.end_group(3);
        scan.keep(0, Scored { key: 1, id: 6 });
        scan.end_group(2);
        scan.finish();
        assert_eq!([1, 2, 3].map(|effort| visits.visited(effort)), [4, 7, 9]);
        let arrivals = visits.nearest_first().iter().map(|visit| visit.arrival);
        assert_eq!(arrivals.collect::<Vec<_>>(), [7, 2]);
        assert_eq!([7, 2].map(|arrival| visits.required_ef(arrival)), [3, 1]);
    }
}

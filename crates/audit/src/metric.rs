//! Which metric an audit goes by: the one asked for, else what the files say, else L2.

use super::error::AuditError;
use super::given::Given;
use super::load::Opened;
use super::notes::Note;
use annatomy_eval::dataset::all_have_unit_length;
use annatomy_vectors::{MatrixView, Metric};

/// The rows of an index, and its metric if it keeps one.
type Kept<'k> = (MatrixView<'k>, Option<Metric>);

/// The metric of an audit of files, from what is open.
pub(super) fn of_files(
    asked: Option<Metric>,
    opened: &Opened,
    notes: &mut Vec<Note>,
) -> Result<Metric, AuditError> {
    let saved = opened.index.as_ref().map(|index| &index.saved);
    let kept = saved.map(|saved| (saved.vectors.view(), saved.metric));
    let asked = asked.or_else(|| opened.metric_of_vectors());
    choose(asked, opened.metric_of_answers(), kept, notes)
}

/// The metric of an audit of what is in memory.
pub(super) fn of_given(
    asked: Option<Metric>,
    given: &Given<'_>,
    notes: &mut Vec<Note>,
) -> Result<Metric, AuditError> {
    let kept = match (given.index, given.rows) {
        (Some(index), Some(rows)) => Some((index.rows(rows)?, Some(index.metric()))),
        _ => None,
    };
    choose(asked, None, kept, notes)
}

/// The metric: `asked` for by the user or named by the file of vectors, else that `of_answers`; what
/// a reader should know of the choice goes to `notes`.
fn choose(
    asked: Option<Metric>,
    of_answers: Option<Metric>,
    saved: Option<Kept<'_>>,
    notes: &mut Vec<Note>,
) -> Result<Metric, AuditError> {
    let metric = match saved {
        Some(saved) => with_index(asked, saved, notes)?,
        None => asked.or(of_answers).unwrap_or(Metric::L2),
    };
    if let Some(other) = of_answers.filter(|&other| other != metric) {
        notes.push(Note::RunOfOtherMetric {
            run: other.to_string(),
            metric: metric.to_string(),
        });
    }
    Ok(metric)
}

/// The metric of an index, if what was asked for can be it.
fn with_index(
    asked: Option<Metric>,
    (rows, saved): Kept<'_>,
    notes: &mut Vec<Note>,
) -> Result<Metric, AuditError> {
    let unit = all_have_unit_length(rows);
    match (asked, saved) {
        (None, Some(Metric::InnerProduct)) if unit => {
            notes.push(Note::InnerProductOfUnitRows);
            Ok(Metric::Cosine)
        }
        (None, Some(metric)) => Ok(metric),
        (None, None) if unit => {
            notes.push(Note::UnitRows);
            Ok(Metric::Cosine)
        }
        (None, None) => {
            notes.push(Note::MetricNotSaved);
            Ok(Metric::L2)
        }
        (Some(Metric::Cosine), None | Some(Metric::InnerProduct)) if !unit => Err(AuditError::Request(
            "metric cosine, but the rows in the index are not of unit length: it cannot have been built for it"
                .to_owned(),
        )),
        (Some(Metric::Cosine), Some(Metric::InnerProduct)) => Ok(Metric::Cosine),
        (Some(asked), Some(saved)) if asked != saved => {
            Err(AuditError::Request(format!("metric {asked}, but the index was built for {saved}")))
        }
        (Some(asked), _) => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_vectors::Matrix;

    fn chosen(
        asked: Option<Metric>,
        of_answers: Option<Metric>,
        saved: Option<Kept<'_>>,
    ) -> (Metric, usize) {
        let mut notes = Vec::new();
        let metric = choose(asked, of_answers, saved, &mut notes).expect("no contradiction");
        (metric, notes.len())
    }

    #[test]
    fn what_is_asked_goes_before_what_answers_say_and_l2_comes_last() {
        use Metric::{Cosine, L2};
        assert_eq!(chosen(None, None, None), (L2, 0));
        assert_eq!(chosen(None, Some(Cosine), None), (Cosine, 0));
        assert_eq!(
            chosen(Some(L2), Some(Cosine), None),
            (L2, 1),
            "and it is said"
        );
        assert_eq!(chosen(Some(Cosine), Some(Cosine), None), (Cosine, 0));
    }

    #[test]
    fn unit_rows_of_an_index_without_a_metric_are_cosines() {
        let unit = Matrix::new(2, 2, vec![1.0, 0.0, 0.6, 0.8]).expect("shape");
        let other = Matrix::new(2, 2, vec![1.0, 0.0, 3.0, 4.0]).expect("shape");
        assert_eq!(
            chosen(None, None, Some((unit.view(), None))),
            (Metric::Cosine, 1)
        );
        assert_eq!(
            chosen(None, None, Some((other.view(), None))),
            (Metric::L2, 1)
        );
        let inner = Some(Metric::InnerProduct);
        assert_eq!(
            chosen(None, None, Some((unit.view(), inner))),
            (Metric::Cosine, 1)
        );
        assert_eq!(
            chosen(None, None, Some((other.view(), inner))),
            (Metric::InnerProduct, 0)
        );
    }

    #[test]
    fn a_metric_that_the_index_cannot_have_is_refused() {
        let rows = Matrix::new(1, 2, vec![3.0, 4.0]).expect("shape");
        let mut notes = Vec::new();
        for (asked, saved) in [
            (Metric::Cosine, None),
            (Metric::Cosine, Some(Metric::InnerProduct)),
            (Metric::L2, Some(Metric::InnerProduct)),
        ] {
            let kept = Some((rows.view(), saved));
            assert!(
                choose(Some(asked), None, kept, &mut notes).is_err(),
                "{asked}"
            );
        }
    }
}

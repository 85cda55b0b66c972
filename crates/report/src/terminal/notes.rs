//! The words for what a reader should know of how things were taken.

use crate::text::number::counted;
use annatomy_audit::Note;

/// A note in words, one or two sentences.
pub fn note_words(note: &Note) -> String {
    match note {
        Note::RunOfOtherMetric { run, metric } => format!(
            "The answers are of a run under {run}, and are scored against neighbors under {metric}."
        ),
        Note::DistancesOfOtherMetric {
            kind,
            theirs,
            metric,
        } => format!(
            "The distances given are of {theirs} ({kind}), and the answers are scored under \
             {metric}: --metric {theirs} scores them under their own."
        ),
        Note::InnerProductOfUnitRows => {
            "The index compares inner products of rows of unit length: read as cosine.".to_owned()
        }
        Note::MetricNotSaved => {
            "hnswlib does not save its space: l2 is taken (--metric overrides it).".to_owned()
        }
        Note::UnitRows => "hnswlib does not save its space, and its rows have unit length: cosine \
                           is taken (--metric overrides it)."
            .to_owned(),
        Note::IndexWithoutVectors => {
            "The index was saved without its vectors: those given are taken.".to_owned()
        }
        Note::BytesAfterIndex { path, bytes } => {
            format!("{path} holds {bytes} bytes after the index, which are left alone.")
        }
        Note::SingletonAxes { path, axes } => format!(
            "The array in {path} has {} dimensions: the last {axes}, of length 1, are dropped.",
            axes + 2
        ),
        Note::DeletedRows { rows } => format!(
            "{} marked deleted: searched through, never returned, and no exact neighbors.",
            counted(*rows as u64, "row of the index is", "rows of the index are")
        ),
        Note::BeyondSlots { ks, slots } => {
            let ks: Vec<String> = ks.iter().map(usize::to_string).collect();
            let slots = counted(*slots as u64, "slot", "slots");
            format!(
                "k = {} is not measured: the answers have {slots} a query, besides the query itself.",
                ks.join(", ")
            )
        }
        Note::DecodedRows { codes } => format!(
            "The index keeps {codes} alone, and VECTORS are not given: neighbors are those of the \
             decoded rows, so that no loss of the codes can be seen."
        ),
        Note::NormalizedByIndex => {
            "The index scales rows and queries to unit length: read as cosine.".to_owned()
        }
        Note::TiedAtEnd {
            is_followed,
            ef,
            queries,
            of,
            rows,
        } => {
            let rest = if *is_followed {
                "Figures at efforts asked for and advised are those of the engine's own queue; curves \
                 and required efs count all of these rows, and can say more than the engine finds."
            } else {
                "Which of them it holds is up to the engine, which can find less than is said here."
            };
            format!(
                "At ef = {ef} the queue of {queries} of {of} queries ends among rows of equal distance \
                 ({rows:.0} on average in the longest search recorded). {rest}"
            )
        }
        Note::NamedByColumn { column } => format!(
            "The answers name rows by the column {column} of the base: its ids fit them better \
             than row numbers."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annatomy_audit::DistanceKind;

    #[test]
    fn notes_name_their_numbers() {
        let note = Note::BeyondSlots {
            ks: vec![100, 200],
            slots: 50,
        };
        assert_eq!(
            note_words(&note),
            "k = 100, 200 is not measured: the answers have 50 slots a query, besides the query itself."
        );
        let note = Note::DistancesOfOtherMetric {
            kind: DistanceKind::CosineSimilarity,
            theirs: "cosine".to_owned(),
            metric: "l2".to_owned(),
        };
        let words = note_words(&note);
        assert!(note.is_contradiction() && words.contains("cosine similarity"));
        assert!(words.contains("under l2: --metric cosine"), "{words}");
    }
}

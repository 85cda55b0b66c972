//! The study of methods on a terminal: its verdict.

use crate::text::methods::verdict;
use annatomy_study::results::StudyResults;
use annatomy_study::results::methods::equal_overlap;

/// What the study of methods found, a paragraph each; `None` where it was not asked for.
pub fn methods_verdict(results: &StudyResults) -> Option<String> {
    let sentences = verdict(&equal_overlap(results)?);
    let plain = sentences
        .iter()
        .map(|sentence| sentence.replace(['*', '`'], ""));
    let text: String = plain.map(|sentence| sentence + "\n").collect();
    (!text.is_empty()).then_some(text)
}

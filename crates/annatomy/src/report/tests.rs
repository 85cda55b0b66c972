//! The page as a whole, over studies made up and odd.

use super::fixture::study;
use super::{Illustration, html, html_with, write};
use crate::results::{StudyKind, StudyResults};

fn grid() -> Vec<usize> {
    (1..=50).map(|step| step * 10).collect()
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let page = html(&study(2, &grid()));
    assert!(!page.contains("src="), "no image, no script");
    assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("@import") && !page.contains("url("));
    for (place, _) in page.match_indices("http") {
        assert!(page[..place].ends_with("<a href=\""), "{}", &page[place - 20..place + 30]);
    }
}

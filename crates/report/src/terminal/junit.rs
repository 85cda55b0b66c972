//! Conditions as JUnit test cases, the form that CI systems read.

use super::requirement_words;
use annatomy_audit::RequirementResult;
use std::fmt::Write as _;

/// One suite with a case per condition.
pub fn junit(results: &[RequirementResult]) -> String {
    let failures = results.iter().filter(|result| !result.shown).count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = results.len();
    let _ = writeln!(
        xml,
        "<testsuite name=\"annatomy audit\" tests=\"{count}\" failures=\"{failures}\">"
    );
    for result in results {
        let effort = result.ef.map_or(String::new(), |ef| format!(" at ef {ef}"));
        let name = escaped(&format!("{}{effort}", result.requirement));
        let words = escaped(&requirement_words(result));
        let _ = if result.shown {
            writeln!(xml, "  <testcase classname=\"annatomy\" name=\"{name}\"/>")
        } else {
            writeln!(
                xml,
                "  <testcase classname=\"annatomy\" name=\"{name}\"><failure message=\"{words}\"/></testcase>"
            )
        };
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

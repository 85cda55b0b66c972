//! The explorer within a page: its data block, its script, the place where it appears.
//!
//! Enters: what an audit or a study recorded. Leaves: a section of the page. The script is
//! `crates/report/explorer`, bundled and committed; the page asks nothing of any server.
//!
//! **No text from the data becomes markup**: the header is JSON with `<` escaped, and the script
//! sets it as text.

mod block;
mod media;
mod replays;
mod sections;
mod subject;

use crate::html::Html;
use annatomy_eval::explored::Explored;
use block::Block;

pub use media::{LabelCount, Pictures, RowMedia};
pub(crate) use subject::Subject;

/// Bundled from the TypeScript sources in the folder `explorer` of this crate.
const SCRIPT: &str = include_str!("explorer.js");

/// Writes the section.
pub(crate) fn section(html: &mut Html, subject: &Subject, explored: &Explored, media: &RowMedia) {
    let block = Block::new(subject, explored, media);
    html.section("explorer", "Every query, every effort", |html| {
        html.trusted("<div id=\"explorer-root\"><p>The explorer needs JavaScript, which this page holds and loads from nowhere.</p></div>\n");
        html.trusted("<script type=\"application/json\" id=\"explorer-header\">");
        html.trusted(&block.header);
        html.trusted("</script>\n<script type=\"text/plain\" id=\"explorer-data\">");
        html.trusted(&block.data);
        html.trusted("</script>\n<script>");
        html.trusted(SCRIPT);
        html.trusted("</script>\n");
    });
}

#[cfg(test)]
mod tests {
    use super::SCRIPT;

    #[test]
    fn the_script_ends_where_its_element_does_and_names_no_address() {
        assert!(SCRIPT.len() <= 400 << 10);
        assert!(!SCRIPT.to_lowercase().contains("</script"));
        assert!(!SCRIPT.contains("<!--") && !SCRIPT.contains("innerHTML"));
        let namespace = "http://www.w3.org/2000/svg";
        let addresses = SCRIPT.replace(namespace, "");
        assert!(!addresses.contains("http://") && !addresses.contains("https://"));
    }
}

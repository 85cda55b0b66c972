//! Figures within the page.

use crate::html::illustration::Illustration;
use crate::html::writer::Html;

/// Writes the figures of these names that exist, side by side where the page is wide enough.
pub(crate) fn row(html: &mut Html, figures: &[Illustration<'_>], names: &[&str]) {
    let found: Vec<_> = names
        .iter()
        .filter_map(|name| figures.iter().find(|figure| figure.name == *name))
        .collect();
    if found.is_empty() {
        return;
    }
    html.within("div", "figures", |html| {
        for figure in found {
            html.within("figure", "", |html| {
                html.trusted(&element(figure.svg));
                html.within("figcaption", "", |html| {
                    html.within("b", "", |html| html.plain(&format!("{}.", figure.title)));
                    html.plain(" ");
                    html.plain(figure.caption);
                });
            });
        }
    });
}

/// The `<svg>` element without what a file has before it, and without the namespace that only a
/// file needs.
fn element(svg: &str) -> String {
    let start = svg.find("<svg").unwrap_or(svg.len());
    svg[start..].replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
}

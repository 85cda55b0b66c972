//! A small writer of escaped HTML.
//!
//! Three ways in, so that no text from outside becomes markup:
//!
//! * [`Html::plain`]: everything escaped, for names and paths that come from outside;
//! * [`Html::prose`] and table cells: escaped, then `*k*` becomes italic, `` `ef` `` code `_{k}_`
//!   an index and `⟦…⟧` a quiet aside, and no line breaks at `*k* =`; only for the report's own
//!   sentences and numbers;
//! * [`Html::trusted`]: as it is, for our own style sheet and figures.

use std::fmt::Write;

/// The text written so far.
#[derive(Debug, Default)]
pub(crate) struct Html {
    text: String,
}

impl Html {
    /// The text.
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// `inner` within `<tag class="class">`; no class attribute for an empty one.
    pub(super) fn within(&mut self, tag: &str, class: &str, inner: impl FnOnce(&mut Self)) {
        if class.is_empty() {
            let _ = write!(self.text, "<{tag}>");
        } else {
            let _ = write!(self.text, "<{tag} class=\"{}\">", escape(class));
        }
        inner(self);
        let _ = writeln!(self.text, "</{tag}>");
    }

    /// A section with an id to link to, opened by its heading.
    pub(crate) fn section(&mut self, id: &str, title: &str, inner: impl FnOnce(&mut Self)) {
        let _ = writeln!(
            self.text,
            "<section id=\"{0}\" aria-labelledby=\"{0}-title\">",
            escape(id)
        );
        let _ = writeln!(
            self.text,
            "<h2 id=\"{}-title\">{}</h2>",
            escape(id),
            inline(title)
        );
        inner(self);
        self.text.push_str("</section>\n");
    }

    /// A heading within a section.
    pub(super) fn subheading(&mut self, title: &str) {
        let _ = writeln!(self.text, "<h3>{}</h3>", inline(title));
    }

    /// A paragraph of the report's own words.
    pub(super) fn prose(&mut self, text: &str) {
        let _ = writeln!(self.text, "<p>{}</p>", inline(text));
    }

    /// The report's own words without a paragraph around them.
    pub(super) fn words(&mut self, text: &str) {
        self.text.push_str(&inline(text));
    }

    /// Foreign text, escaped and nothing else.
    pub(super) fn plain(&mut self, text: &str) {
        self.text.push_str(&escape(text));
    }

    /// Markup of our own making, as it is.
    pub(crate) fn trusted(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    /// Pairs of a term and what holds for it.
    pub(super) fn terms(&mut self, class: &str, pairs: &[(String, String)]) {
        self.within("dl", class, |html| {
            for (term, meaning) in pairs {
                html.within("div", "", |html| {
                    html.within("dt", "", |html| html.words(term));
                    html.within("dd", "", |html| html.words(meaning));
                });
            }
        });
    }

    /// An anchor to a source on the web.
    pub(super) fn anchor(&mut self, address: &str, text: &str) {
        let _ = write!(
            self.text,
            "<a href=\"{}\">{}</a>",
            escape(address),
            escape(text)
        );
    }
}

/// `text` with everything that HTML reads as markup replaced.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// `text` escaped, with `*italic*`, `` `code` ``, `_{index}_` and `⟦aside⟧` as elements. A mark
/// left open stays as it is.
pub(super) fn inline(text: &str) -> String {
    let italic = pairs(&escape(text), '*', "i");
    let code = pairs(&italic, '`', "code");
    let code = code.replace("_{", "<sub>").replace("}_", "</sub>");
    let code = code.replace("</i> = ", "</i>\u{a0}=\u{a0}");
    code.replace('⟦', "<span class=\"aside\">")
        .replace('⟧', "</span>")
}

fn pairs(text: &str, mark: char, tag: &str) -> String {
    let pieces: Vec<&str> = text.split(mark).collect();
    let mut marked = String::with_capacity(text.len());
    for (place, piece) in pieces.iter().enumerate() {
        if place % 2 == 0 {
            marked.push_str(piece);
        } else if place + 1 == pieces.len() {
            marked.push(mark);
            marked.push_str(piece);
        } else {
            let _ = write!(marked, "<{tag}>{piece}</{tag}>");
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_elements_and_markup_stays_text() {
        assert_eq!(inline("at *k* > `ef`"), "at <i>k</i> &gt; <code>ef</code>");
        assert_eq!(inline("*d*_{k}_"), "<i>d</i><sub>k</sub>");
        assert_eq!(inline("2 * 3"), "2 * 3");
        assert_eq!(
            escape("<a href=\"x\">&'"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"
        );
    }
}

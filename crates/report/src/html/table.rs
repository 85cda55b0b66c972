//! Tables: first column names the row, the others hold numbers or words.

use super::writer::Html;

/// How the columns after the first are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// Right-aligned, tabular digits.
    Numbers,
    /// Left-aligned, wrapping.
    Words,
}

/// A table in its own scrolling box, its caption above and outside, so that it never scrolls away.
#[derive(Debug)]
pub(super) struct Table {
    caption: String,
    columns: Columns,
    /// Headings over several columns: text and number of columns.
    groups: Vec<(String, usize)>,
    head: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug)]
enum Row {
    /// A line over the full width that names the rows below it.
    Title(String),
    /// One cell per column.
    Cells(Vec<String>),
}

impl Table {
    /// An empty table.
    pub(super) fn new(caption: &str, columns: Columns, head: &[&str]) -> Self {
        let head = head.iter().map(|&text| text.to_owned()).collect();
        Self {
            caption: caption.to_owned(),
            columns,
            groups: Vec::new(),
            head,
            rows: Vec::new(),
        }
    }

    /// Puts headings over several columns each, the first column left free.
    pub(super) fn grouped(mut self, groups: &[(&str, usize)]) -> Self {
        self.groups = groups
            .iter()
            .map(|&(text, columns)| (text.to_owned(), columns))
            .collect();
        self
    }

    /// Adds a line that names the rows below it.
    pub(super) fn title(&mut self, text: &str) {
        self.rows.push(Row::Title(text.to_owned()));
    }

    /// Adds a row; short ones are filled up.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(Row::Cells(cells.into_iter().collect()));
    }

    /// Writes the table unless it has no rows.
    pub(super) fn write(&self, html: &mut Html) {
        if !self.rows.iter().any(|row| matches!(row, Row::Cells(_))) {
            return;
        }
        let class = match self.columns {
            Columns::Numbers => "numbers",
            Columns::Words => "words",
        };
        html.within("figure", "table", |html| {
            html.within("figcaption", "", |html| html.words(&self.caption));
            html.trusted("<div class=\"scroll\" tabindex=\"0\">");
            html.within("table", class, |html| {
                html.within("thead", "", |html| self.write_head(html));
                html.within("tbody", "", |html| {
                    for row in &self.rows {
                        self.write_row(row, html);
                    }
                });
            });
            html.trusted("</div>\n");
        });
    }

    fn write_head(&self, html: &mut Html) {
        if !self.groups.is_empty() {
            html.within("tr", "groups", |html| {
                html.trusted("<td></td>");
                for (text, columns) in &self.groups {
                    html.trusted(&format!("<th scope=\"colgroup\" colspan=\"{columns}\">"));
                    html.words(text);
                    html.trusted("</th>");
                }
            });
        }
        html.within("tr", "", |html| {
            for text in &self.head {
                html.trusted("<th scope=\"col\">");
                html.words(text);
                html.trusted("</th>");
            }
        });
    }

    fn write_row(&self, row: &Row, html: &mut Html) {
        match row {
            Row::Title(text) => html.within("tr", "title", |html| {
                html.trusted(&format!(
                    "<th scope=\"rowgroup\" colspan=\"{}\">",
                    self.head.len()
                ));
                html.words(text);
                html.trusted("</th>");
            }),
            Row::Cells(cells) => html.within("tr", "", |html| {
                for place in 0..self.head.len() {
                    let (open, close) = if place == 0 {
                        ("<th scope=\"row\">", "</th>")
                    } else {
                        ("<td>", "</td>")
                    };
                    html.trusted(open);
                    html.words(cells.get(place).map_or("", String::as_str));
                    html.trusted(close);
                }
            }),
        }
    }
}

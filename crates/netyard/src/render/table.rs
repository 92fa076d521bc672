//! Tables that line up.

use std::fmt::Write;

use super::plain::plain;
use super::style::HEADING;

/// A table of text. The last column may be of any width; the others are as wide as their widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| heading.to_uppercase()).collect()] }
    }

    /// Adds a row; an empty cell is shown as `-`.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let filled =
            |cell: String| if cell.is_empty() { String::from("-") } else { plain(&cell).into_owned() };
        self.rows.push(cells.into_iter().map(filled).collect());
    }

    /// Whether it has no rows but its headings.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// The table as text, two blanks between columns, none at the end of a line.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "{cell:width$}  ");
            }
            let line = line.trim_end();
            let _ = if number == 0 {
                writeln!(text, "{HEADING}{line}{HEADING:#}")
            } else {
                writeln!(text, "{line}")
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_clean() {
        let mut table = Table::new(&["name", "what"]);
        table.row(["a".into(), "host".into()]);
        table.row(["router-with-a-long-name".into(), String::new()]);
        let plain = anstream::adapter::strip_str(&table.render()).to_string();
        assert_eq!(
            plain,
            "NAME                     WHAT\na                        host\nrouter-with-a-long-name  -\n"
        );
    }
}

//! Tables for a terminal, for Markdown and for programs (CSV): one description of the columns for all three.

/// A column: its head, and how its cells come from a row.
pub struct Column<R> {
    head: &'static str,
    side: Side,
    cell: fn(&R) -> String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A head and rows of text, all with as many cells.
pub struct Table {
    head: Vec<String>,
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl<R> Column<R> {
    /// A column of words, which begin at the left.
    pub const fn words(head: &'static str, cell: fn(&R) -> String) -> Column<R> {
        Column { head, side: Side::Left, cell }
    }

    /// A column of numbers, which end at the right.
    pub const fn numbers(head: &'static str, cell: fn(&R) -> String) -> Column<R> {
        Column { head, side: Side::Right, cell }
    }
}

impl Table {
    /// A table with a row for each of `rows`.
    pub fn new<'r, R: 'r>(columns: &[Column<R>], rows: impl IntoIterator<Item = &'r R>) -> Table {
        Table {
            head: columns.iter().map(|c| c.head.to_owned()).collect(),
            sides: columns.iter().map(|c| c.side).collect(),
            rows: rows.into_iter().map(|row| columns.iter().map(|c| (c.cell)(row)).collect()).collect(),
        }
    }

    /// For a terminal: columns as wide as their widest cell. Every line ends with a line feed, the first is the head.
    pub fn text(&self) -> String {
        let all: Vec<&Vec<String>> = std::iter::once(&self.head).chain(&self.rows).collect();
        let width = |c: usize| all.iter().map(|row| row[c].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).zip(&self.sides).map(|((cell, width), side)| match side {
                Side::Left => format!("{cell:width$}"),
                Side::Right => format!("{cell:>width$}"),
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        all.into_iter().map(line).collect()
    }

    /// For a document.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let sides = self.sides.iter().map(|s| if *s == Side::Left { "---|" } else { "--:|" });
        let rows = self.rows.iter().map(|row| line(row));
        line(&self.head) + "|" + &sides.collect::<String>() + "\n" + &rows.collect::<String>()
    }

    /// For a program: comma-separated values, in quotes where a value asks for them.
    pub fn csv(&self) -> String {
        let value = |cell: &String| match cell.contains([',', '"', '\n']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.to_owned(),
        };
        let line = |cells: Vec<String>| cells.join(",") + "\n";
        let rows = self.rows.iter().map(|row| line(row.iter().map(value).collect()));
        line(self.head.iter().map(value).collect()) + &rows.collect::<String>()
    }
}

/// Rows of words in columns under a head, for a terminal; every line ends with a line feed.
pub fn columns<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let rows = rows.iter().map(|row| row.to_vec()).collect();
    Table { head: head.map(str::to_owned).to_vec(), sides: vec![Side::Left; N], rows }.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_description_gives_three_forms() {
        let rows = [("saturator", 7), ("the \"gemm\", 4 x 4", 1234)];
        let columns =
            [Column::words("block", |r: &(&str, i32)| r.0.to_owned()), Column::numbers("LUT", |r| r.1.to_string())];
        let table = Table::new(&columns, &rows);
        assert_eq!(table.text(), "block               LUT\nsaturator             7\nthe \"gemm\", 4 x 4  1234\n");
        assert_eq!(table.markdown(), "| block | LUT |\n|---|--:|\n| saturator | 7 |\n| the \"gemm\", 4 x 4 | 1234 |\n");
        assert_eq!(table.csv(), "block,LUT\nsaturator,7\n\"the \"\"gemm\"\", 4 x 4\",1234\n");
    }
}

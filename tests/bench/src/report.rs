//! What was measured: tables of numbers, and the budgets that they are held against.

use std::fmt::Write;

use serde::Serialize;

/// One part of the benchmark.
#[derive(Debug, Serialize)]
pub struct Part {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// How it was measured, in a sentence or two.
    pub method: String,
    /// The numbers.
    pub tables: Vec<Table>,
    /// What they are held against.
    pub budgets: Vec<Budget>,
}

/// A table. All rows have as many cells as there are columns.
#[derive(Debug, Serialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// The columns' names, with their units.
    pub columns: Vec<&'static str>,
    /// The rows, the first cell of each saying what it is.
    pub rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// A name.
    Text(String),
    /// A number, and how many of its decimals mean something.
    Number(#[serde(serialize_with = "value_alone")] (f64, usize)),
    /// Nothing was measured there.
    None,
}

/// A number and what it may be.
#[derive(Debug, Serialize)]
pub struct Budget {
    /// What is meant.
    pub what: String,
    /// What was measured.
    pub measured: f64,
    /// What it is to be.
    pub bound: Bound,
    /// Whether it is.
    pub met: bool,
}

/// The side on which a number may lie.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Bound {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Part {
    /// As Markdown, with its heading.
    pub fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n{}\n", self.title, self.method);
        for table in &self.tables {
            let _ = write!(text, "\n**{}**\n\n{}", table.title, table.markdown());
        }
        text
    }
}

impl Table {
    /// A table without rows.
    pub fn new(title: &str, columns: &[&'static str]) -> Self {
        Self { title: title.to_owned(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// When it has not as many cells as there are columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<Cell> = cells.into_iter().collect();
        assert_eq!(cells.len(), self.columns.len(), "a row of {}: {cells:?}", self.title);
        self.rows.push(cells);
    }

    /// The table as Markdown, the columns aligned so that it is read without a renderer.
    pub fn markdown(&self) -> String {
        let head = self.columns.iter().map(|&column| column.to_owned()).collect();
        let body = self.rows.iter().map(|row| row.iter().map(Cell::text).collect());
        let lines: Vec<Vec<String>> = std::iter::once(head).chain(body).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0).max(3);
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
                // Names to the left, numbers to the right.
                let _ = if column == 0 { write!(text, "| {cell:<width$} ") } else { write!(text, "| {cell:>width$} ") };
            }
            text.push_str("|\n");
            if number == 0 {
                for (column, &width) in widths.iter().enumerate() {
                    let _ = write!(text, "| {}{} ", "-".repeat(width - 1), if column == 0 { "-" } else { ":" });
                }
                text.push_str("|\n");
            }
        }
        text
    }
}

impl Budget {
    /// Holds a number against its bound.
    pub fn of(what: impl Into<String>, measured: f64, bound: Bound) -> Self {
        let met = match bound {
            Bound::AtMost(most) => measured <= most,
            Bound::AtLeast(least) => measured >= least,
        };
        Self { what: what.into(), measured, bound, met }
    }
}

/// All budgets of all parts as one table.
pub fn budgets(parts: &[Part]) -> Table {
    let mut table = Table::new("Budgets", &["budget", "measured", "is to be", "met"]);
    for budget in parts.iter().flat_map(|part| &part.budgets) {
        let bound = match budget.bound {
            Bound::AtMost(most) => format!("≤ {most}"),
            Bound::AtLeast(least) => format!("≥ {least}"),
        };
        let digits = if budget.measured >= 100.0 { 0 } else { 2 };
        table.row([
            text(&budget.what),
            number(budget.measured, digits),
            text(bound),
            text(if budget.met { "yes" } else { "NO" }),
        ]);
    }
    table
}

/// A cell with a name.
pub fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// A cell with a number that has so many decimals.
pub fn number(value: f64, digits: usize) -> Cell {
    Cell::Number((value, digits))
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number((value, digits)) => grouped(*value, *digits),
            Self::None => "–".to_owned(),
        }
    }
}

/// With commas between thousands.
fn grouped(value: f64, digits: usize) -> String {
    let plain = format!("{value:.digits$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut text = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

fn value_alone<S: serde::Serializer>((value, _): &(f64, usize), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*value)
}

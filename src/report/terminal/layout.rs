//! Tables without lines, and lines that fit the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Table};

use crate::report::printable;

/// No text of a cell is read further than this; what is longer would only cost time.
const CELL_CHARS_MAX: usize = 300;

/// The lines of a table: the first columns hold texts, which are cut where the terminal ends, the
/// others numbers, which never are.
pub(super) fn table(
    header: &[&str],
    n_texts: usize,
    rows: Vec<Vec<String>>,
    width: u16,
) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    table.set_header(header.iter().map(|title| title.to_uppercase()));
    for cells in rows {
        let mut row = Row::from(cells.iter().map(|cell| one_line(cell)).collect::<Vec<_>>());
        row.max_height(1);
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(n_texts) {
        column.set_cell_alignment(CellAlignment::Right);
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    lines(&table)
}

/// A text made to fit, with a mark before its first line when there is one.
pub(super) fn wrapped(mark: &str, text: &str, width: u16) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    let text = printable(text).replace('\n', " ");
    if mark.is_empty() {
        table.add_row([text]);
    } else {
        table.add_row([mark.to_string(), text]);
        for column in table.column_iter_mut().take(1) {
            column.set_constraint(ColumnConstraint::ContentWidth);
            column.set_padding((1, 0));
        }
    }
    lines(&table)
}

fn lines(table: &Table) -> Vec<String> {
    let lines = table.lines();
    lines.map(|line| line.trim_end().to_string()).collect()
}

fn one_line(text: &str) -> String {
    let text: String = text.chars().take(CELL_CHARS_MAX).collect();
    printable(&text).replace('\n', " ")
}

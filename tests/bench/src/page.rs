//! Where the results go: JSON for machines, tables for people, and the tables into the documentation.

use std::fs;
use std::io::{Error, Result};

use serde_json::json;

use crate::machine::Machine;
use crate::options::Options;
use crate::progress;
use crate::report::{self, Part};

const PAGE: &str = "docs/performance.md";

/// What the tables stand between on the page.
const BEGIN: &str = "<!-- measured: begin -->";
const END: &str = "<!-- measured: end -->";

/// Writes the results down.
pub fn write(options: &Options, parts: &[Part]) -> Result<()> {
    let machine = Machine::describe();
    fs::create_dir_all(&options.output)?;
    let (json_path, tables_path) = (options.output.join("results.json"), options.output.join("tables.md"));
    let results = json!({"machine": machine, "quick": options.quick, "parts": parts});
    fs::write(&json_path, format!("{results:#}\n"))?;
    let tables = tables(&machine, parts);
    fs::write(&tables_path, &tables)?;
    progress::say(&format!("\nwritten: {}, {}", json_path.display(), tables_path.display()));
    if options.write && options.is_whole() {
        let page = fs::read_to_string(PAGE)?;
        let (before, rest) = page.split_once(BEGIN).ok_or_else(|| Error::other(format!("{PAGE} has no {BEGIN}")))?;
        let (_, after) = rest.split_once(END).ok_or_else(|| Error::other(format!("{PAGE} has no {END}")))?;
        fs::write(PAGE, format!("{before}{BEGIN}\n\n{tables}\n{END}{after}"))?;
        progress::say(&format!("written: {PAGE}"));
    }
    Ok(())
}

fn tables(machine: &Machine, parts: &[Part]) -> String {
    let budgets = format!("### Budgets\n\n{}", report::budgets(parts).markdown());
    let parts = parts.iter().map(Part::markdown);
    std::iter::once(machine.sentence()).chain([budgets]).chain(parts).collect::<Vec<_>>().join("\n")
}

//! What requests cost on AWS, from the durations that were measured and the memory that the template gives.
//! Prices of Lambda on arm64 in us-east-1 (<https://aws.amazon.com/lambda/pricing/>), in dollars.

use std::collections::BTreeMap;
use std::fs;

use super::Measured;
use crate::measure::ms;
use crate::report::{Table, number, text};

const GIB_SECOND: f64 = 0.000_013_333_4;
const INVOCATION: f64 = 0.000_000_2;

/// A million of each.
pub fn table(measured: &[Measured]) -> Table {
    let memory = memory();
    let mut table = Table::new(
        "Lambda's price of a million (durations as measured here, eight instances' contention left out)",
        &["request", "memory MiB", "billed ms", "GB-s", "compute $", "with requests $"],
    );
    for one in measured {
        let mebibytes = memory.get(one.function).copied().unwrap_or(memory[""]);
        // A started millisecond is billed as a whole one.
        let billed = ms(one.alone.times.mean()).ceil();
        let gib_seconds = 1e6 * billed / 1e3 * mebibytes / 1024.0;
        table.row([
            text(&one.name),
            number(mebibytes, 0),
            number(billed, 0),
            number(gib_seconds, 0),
            number(gib_seconds * GIB_SECOND, 3),
            number(gib_seconds * GIB_SECOND + 1e6 * INVOCATION, 3),
        ]);
    }
    table
}

/// `MemorySize` by the function's name; under no name what all have that say nothing.
///
/// # Panics
///
/// When the template has none.
pub fn memory() -> BTreeMap<String, f64> {
    let template = fs::read_to_string("template.yaml").expect("the benchmark runs at the top of the repository");
    let (mut sizes, mut function) = (BTreeMap::new(), String::new());
    for line in template.lines().map(str::trim) {
        if let Some(folder) = line.strip_prefix("CodeUri: target/lambda/") {
            folder.trim_end_matches('/').clone_into(&mut function);
        }
        if let Some(size) = line.strip_prefix("MemorySize: ") {
            sizes.insert(function.clone(), size.parse().expect("a number of MiB"));
        }
    }
    sizes
}

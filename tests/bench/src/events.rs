//!

use crate::options::Options;
use crate::report::Part;

/// Runs the part.
pub async fn run(_: &Options) -> Part {
    Part { name: "events", title: "", method: String::new(), tables: Vec::new(), budgets: Vec::new() }
}

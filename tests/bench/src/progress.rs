//! What is seen while it works: a bar where there is a terminal, and lines.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for so many steps. It clears itself when it is done.
pub fn bar(title: &str, steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:40} [{bar:30}] {pos}/{len} {elapsed}").expect("a fixed template");
    let bar = ProgressBar::new(steps as u64).with_style(style).with_message(title.to_owned());
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// A line on stdout.
#[expect(clippy::print_stdout, reason = "the results are what it is run for")]
pub fn say(text: &str) {
    println!("{text}");
}

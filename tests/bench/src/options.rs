//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures the functions' own binaries over real services, each figure beside its floor.
#[derive(Debug, Parser)]
#[command(name = "make bench --")]
pub struct Options {
    /// The parts to run; all of them unless named
    #[arg(value_enum)]
    pub parts: Vec<Name>,

    /// A tenth of the work, to see that it runs; the figures mean little
    #[arg(long)]
    pub quick: bool,

    /// Of the requests, those alone whose name has this in it, such as `get-contact`
    #[arg(long, value_name = "TEXT", conflicts_with = "write")]
    pub only: Option<String>,

    /// Puts the tables into docs/performance.md, after a run of all parts at full length
    #[arg(long)]
    pub write: bool,

    /// Where the numbers go, as JSON and as tables
    #[arg(long, default_value = "target/bench")]
    pub output: PathBuf,

    /// `cargo bench` says this to every benchmark.
    #[arg(long, hide = true)]
    pub bench: bool,
}

/// A part of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// From the start of a process to its first answer
    Start,
    /// Each route, warm
    Requests,
    /// Lists of a million contacts
    Lists,
    /// The consumers and the relay
    Events,
    /// From a write to the topic, and from a webhook to the contact
    Latency,
}

impl Options {
    /// The parts that are to run, in an order that lets the first ones find a quiet machine.
    pub fn chosen(&self) -> impl Iterator<Item = Name> {
        let wanted = |part: &Name| self.parts.is_empty() || self.parts.contains(part);
        Name::value_variants().iter().copied().filter(wanted)
    }

    /// Whether all parts run at full length.
    pub fn is_whole(&self) -> bool {
        self.parts.is_empty() && !self.quick
    }

    /// So many, or a tenth.
    pub fn scaled(&self, count: usize) -> usize {
        if self.quick { (count / 10).max(2) } else { count }
    }
}

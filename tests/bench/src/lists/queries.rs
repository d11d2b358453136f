//! Every filter, alone and with others, oldest first and by last name.

use support::lists::CASES;

use super::PAGES;
use super::walk::{List, Then, Walked, Walker};
use crate::measure::ms;
use crate::progress;
use crate::report::{Bound, Budget, Cell, Table, number, text};

/// What an invocation is to take, in milliseconds.
const MOST: f64 = 10.0;

/// More than the tests ask for.
const MORE: [(&str, &str); 4] = [
    ("deleted ones too", "includeDeleted=true"),
    ("a rare tag, deleted ones too", "tag=rare&includeDeleted=true"),
    ("a common tag, deleted ones too", "tag=common&includeDeleted=true"),
    ("with links", "include=links"),
];

/// What costs what the tenant or the matches are, as docs/api.md says.
const EXCEPTIONS: [(&str, &str); 3] = [
    ("`Prefer: count=exact`", "sort=createdAt"),
    ("an old import, newest first", "tag=import&sort=-createdAt"),
    ("a search without a letter", "q=---"),
];

/// Invocations of those.
const FEW: usize = 5;

/// What the documentation says of a query's cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Fast,
    Exception,
}

/// Measures them: a table of costs, one of plans, and what they are to be.
pub async fn measure(guide: &Walker<'_>) -> (Table, Table, Vec<Budget>) {
    let columns = [
        "query",
        "p50 ms",
        "p99",
        "statement p50",
        "buffers",
        "plan",
        "by last name p50 ms",
        "p99",
        "statement p50",
        "buffers",
        "plan",
    ];
    let mut table = Table::new("The first pages of lists with filters", &columns);
    let mut seen = Seen::default();
    let fast = CASES.into_iter().chain(MORE).map(|query| (query, Said::Fast, PAGES));
    let all: Vec<_> = fast.chain(EXCEPTIONS.map(|query| (query, Said::Exception, FEW))).collect();
    let bar = progress::bar("filters", all.len());
    for ((name, query), said, pages) in all {
        let then = if said == Said::Fast { Then::TheNext } else { Then::TheSame };
        let list = List { query: query.to_owned(), counted: name.contains("count=exact"), then };
        let mut row = vec![text(name)];
        row.extend(seen.add(name.to_owned(), said, &guide.walk(&list, None, pages).await));
        // A search has an order of its own.
        if query.contains("q=") || query.contains("sort=") {
            row.extend([const { Cell::None }; 5]);
        } else {
            let list = List { query: format!("{query}&sort=lastName"), ..list };
            row.extend(seen.add(format!("{name}, by last name"), said, &guide.walk(&list, None, pages).await));
        }
        table.row(row);
        bar.inc(1);
    }
    bar.finish_and_clear();
    (table, seen.plans(), seen.budgets())
}

/// What was measured so far.
#[derive(Default)]
struct Seen {
    /// Names and medians, in milliseconds.
    medians: Vec<(String, Said, f64)>,
    /// What PostgreSQL did.
    plans: Vec<String>,
    /// Scans of the whole table for what is said to be fast.
    sequential: usize,
}

impl Seen {
    /// Takes a list in, and answers its cells.
    fn add(&mut self, name: String, said: Said, walked: &Walked) -> [Cell; 5] {
        let Walked { function, statement, buffers, sequential, shape } = walked;
        let plan = self.plans.iter().position(|plan| plan == shape).unwrap_or_else(|| {
            self.plans.push(shape.clone());
            self.plans.len() - 1
        });
        self.medians.push((name, said, ms(function.p50())));
        self.sequential += if said == Said::Fast { *sequential } else { 0 };
        let [p50, p99, alone] = [function.p50(), function.p99(), statement.p50()].map(|time| number(ms(time), 2));
        [p50, p99, alone, number(*buffers, 0), text((plan + 1).to_string())]
    }

    fn plans(&self) -> Table {
        let mut table = Table::new("What PostgreSQL scans for the first page", &["scans", "plan"]);
        for (index, plan) in self.plans.iter().enumerate() {
            table.row([text(plan), text((index + 1).to_string())]);
        }
        table
    }

    /// One for the slowest of those that are as they are to be, and one for each that is not.
    fn budgets(&self) -> Vec<Budget> {
        let budget = |what: &str, name: &str, median: f64| {
            Budget::of(format!("{what}: {name}, ms p50"), median, Bound::AtMost(MOST))
        };
        let (met, missed): (Vec<_>, Vec<_>) = self.medians.iter().partition(|(.., median)| *median <= MOST);
        let slowest = met.into_iter().max_by(|one, other| one.2.total_cmp(&other.2));
        let slowest = slowest.map(|(name, _, median)| budget("the slowest list with a filter", name, *median));
        let missed = missed.into_iter().map(|(name, said, median)| match said {
            Said::Fast => budget("a slow list", name, *median),
            Said::Exception => budget("an exception by docs/api.md", name, *median),
        });
        #[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]
        let scans = self.sequential as f64;
        let scans = Budget::of("sequential scans for lists, exceptions left out", scans, Bound::AtMost(0.0));
        slowest.into_iter().chain(missed).chain([scans]).collect()
    }
}

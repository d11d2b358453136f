//! Every filter, alone and with others, oldest first and by last name.

use std::collections::BTreeMap;

use support::lists::CASES;

use super::PAGES;
use super::walk::{List, Walked, Walker};
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

/// What costs what the tenant has, as its documentation says.
const SLOW: [(&str, &str, bool); 2] =
    [("`Prefer: count=exact`", "sort=createdAt", true), ("a search without a letter", "q=---", false)];

/// Invocations of those.
const FEW: usize = 3;

/// Measures them: a table of costs, one of plans, and what they are to be.
pub async fn measure(walker: &Walker<'_>) -> (Table, Table, Vec<Budget>) {
    let columns = [
        "query",
        "p50 ms",
        "p99",
        "statement p50",
        "buffers",
        "by last name p50 ms",
        "p99",
        "statement p50",
        "buffers",
    ];
    let mut table = Table::new("The first pages of lists with filters", &columns);
    let mut seen = Seen::default();
    let usual = CASES.into_iter().chain(MORE).map(|(name, query)| (name, query, false, PAGES));
    let slow = SLOW.into_iter().map(|(name, query, counted)| (name, query, counted, FEW));
    let all: Vec<_> = usual.chain(slow).collect();
    let bar = progress::bar("filters", all.len());
    for (name, query, counted, pages) in all {
        let list = List { query: query.to_owned(), counted };
        let walked = walker.walk(&list, None, pages).await;
        let mut row = vec![text(name)];
        row.extend(cells(&walked));
        seen.add(name.to_owned(), &walked);
        // A search has an order of its own.
        if query.contains("q=") || query.contains("sort=") {
            row.extend([const { Cell::None }; 4]);
        } else {
            let list = List { query: format!("{query}&sort=lastName"), counted };
            let walked = walker.walk(&list, None, pages).await;
            row.extend(cells(&walked));
            seen.add(format!("{name}, by last name"), &walked);
        }
        table.row(row);
        bar.inc(1);
    }
    bar.finish_and_clear();
    (table, seen.plans(), seen.budgets())
}

fn cells(walked: &Walked) -> [Cell; 4] {
    let Walked { function, statement, buffers, .. } = walked;
    [number(ms(function.p50()), 2), number(ms(function.p99()), 2), number(ms(statement.p50()), 2), number(*buffers, 0)]
}

/// What was measured so far.
#[derive(Default)]
struct Seen {
    /// Names and medians, in milliseconds.
    medians: Vec<(String, f64)>,
    /// The names by what PostgreSQL did.
    plans: BTreeMap<String, Vec<String>>,
    sequential: usize,
}

impl Seen {
    fn add(&mut self, name: String, walked: &Walked) {
        self.plans.entry(walked.shape.clone()).or_default().push(name.clone());
        self.medians.push((name, ms(walked.function.p50())));
        self.sequential += walked.sequential;
    }

    fn plans(&self) -> Table {
        let mut table = Table::new("What PostgreSQL does for the first page", &["plan", "queries"]);
        for (plan, names) in &self.plans {
            table.row([text(plan), text(names.join("; "))]);
        }
        table
    }

    /// One for the slowest of those that are as they are to be, and one for each that is not.
    fn budgets(&self) -> Vec<Budget> {
        let budget = |what: &str, (name, median): &(String, f64)| {
            Budget::of(format!("{what} ({name}), ms p50"), *median, Bound::AtMost(MOST))
        };
        let (met, missed): (Vec<_>, Vec<_>) = self.medians.iter().partition(|(_, median)| *median <= MOST);
        let slowest = met.into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let slowest = slowest.map(|query| budget("the slowest filtered list", query));
        let missed = missed.into_iter().map(|query| budget("an exception", query));
        #[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]
        let sequential = Budget::of("sequential scans for any list", self.sequential as f64, Bound::AtMost(0.0));
        slowest.into_iter().chain(missed).chain([sequential]).collect()
    }
}

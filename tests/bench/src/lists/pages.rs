//! The first page, the hundredth and the ten thousandth, in every order.

use crosswalk::contact::{Sort, SortKey};
use support::lists::place;

use super::PAGES;
use super::walk::{LIMIT, List, Then, Walked, Walker};
use crate::measure::ms;
use crate::options::Options;
use crate::progress;
use crate::report::{Bound, Budget, Table, number, text};

/// What the last page may cost beside the first.
const RATIO: f64 = 1.2;

/// The orders.
const DIRECTIONS: [&str; 2] = ["", "-"];

/// Measures them.
pub async fn measure(guide: &Walker<'_>, options: &Options) -> (Table, Vec<Budget>) {
    let columns = [
        "order",
        "page 1 p50 ms",
        "p99",
        "statement p50",
        "buffers",
        "page 100 p50 ms",
        "p99",
        "page 10,000 p50 ms",
        "p99",
        "statement p50",
        "buffers",
        "p50: page 10,000 / 1",
    ];
    let mut table = Table::new("Pages of the list without filters", &columns);
    let far = options.scaled(10_000);
    let (mut times, mut buffers) = (Worst::default(), Worst::default());
    let bar = progress::bar("pages", DIRECTIONS.len() * SortKey::ALL.len());
    for key in SortKey::ALL {
        for direction in DIRECTIONS {
            let order = format!("{direction}{}", key.as_str());
            let sort = Sort { key, descending: direction == "-" };
            let list = List { query: format!("sort={order}"), counted: false, then: Then::TheNext };
            let at = async |page| place(guide.sql, &guide.api.client.tenant, sort, (page - 1) * LIMIT).await;
            let from = [at(1).await, at(100).await, at(far).await];
            let [first, hundredth, farthest] = guide.walk_side_by_side(&list, from, PAGES).await;
            bar.inc(1);
            let (near, there) = (ms(first.function.p50()), ms(farthest.function.p50()));
            times.see(there / near, &order);
            buffers.see(farthest.buffers / first.buffers, &order);
            let pair = |walked: &Walked| [walked.function.p50(), walked.function.p99()].map(|time| number(ms(time), 2));
            let rest = |walked: &Walked| [number(ms(walked.statement.p50()), 2), number(walked.buffers, 0)];
            let cells =
                [&pair(&first)[..], &rest(&first), &pair(&hundredth), &pair(&farthest), &rest(&farthest)].concat();
            table.row([text(order)].into_iter().chain(cells).chain([number(there / near, 2)]));
        }
    }
    bar.finish_and_clear();
    let budget = |what: &str, Worst { value, order }: Worst| {
        Budget::of(format!("page 10,000 beside page 1, {what}, by {order}"), value, Bound::AtMost(RATIO))
    };
    (table, vec![budget("time p50", times), budget("buffers", buffers)])
}

/// The largest of what was seen, and in which order.
#[derive(Debug, Default)]
struct Worst {
    value: f64,
    order: String,
}

impl Worst {
    fn see(&mut self, value: f64, order: &str) {
        if value > self.value {
            *self = Self { value, order: order.to_owned() };
        }
    }
}

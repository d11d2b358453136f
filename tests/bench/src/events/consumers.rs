//! The consumers alone, batch after batch.

use super::batches::{Kind, fill};
use crate::measure::{Times, load, ms, rate};
use crate::options::Options;
use crate::progress;
use crate::report::{Bound, Budget, Table, number, text};
use crate::tape::{Player, Trip};
use crate::world::World;

/// Batches that are not counted: connections are made, statements prepared.
const WARM: usize = 3;

/// Records in a batch, and how many batches are measured.
const SIZES: [(usize, usize); 3] = [(1, 300), (100, 40), (500, 20)];

/// Measures them.
pub async fn run(options: &Options) -> (Table, Vec<Budget>) {
    let sizes = SIZES.map(|(size, batches)| (size, options.scaled(batches).max(4)));
    let all = sizes.iter().map(|(size, batches)| size * 2 * (batches + WARM)).sum();
    let mut world = World::make().await;
    fill(&world, all).await;
    world.execute("analyze").await;
    let taped = world.tape().await;
    let mut player = Player::connect(&world.test.database).await;
    let mut table = Table::new(
        "Consumers",
        &[
            "batches of",
            "records",
            "p50 ms",
            "events/s",
            "floor events/s",
            "of the floor",
            "CPU µs/event",
            "PostgreSQL CPU µs/event",
            "trips to Redis",
            "to PostgreSQL",
        ],
    );
    let mut budgets = Vec::new();
    let bar = progress::bar("consumers", Kind::ALL.len() * sizes.len());
    for kind in Kind::ALL {
        let mut next = 0;
        for (size, batches) in sizes {
            let mut numbers = |count: usize| {
                next += count * size;
                (next - count * size..next)
                    .step_by(size)
                    .map(|first| kind.batch(&world, first..first + size))
                    .collect::<Vec<_>>()
            };
            let function = world.launch(kind.function()).start().await;
            let done = |answer: &[u8]| answer == br#"{"batchItemFailures":[]}"#;
            load(&world, &function, numbers(WARM), 1, &done).await;
            let own = load(&world, &function, numbers(batches), 1, &done).await;
            let recorded = taped.record(kind.function(), numbers(WARM + batches), WARM, &done).await;
            let floor = Times::of(player.times(&recorded).await);
            let per_second = rate(size, own.times.p50());
            let of_the_floor = ms(floor.p50()) / ms(own.times.p50());
            let trips = |count: &dyn Fn(&Trip) -> bool| {
                recorded.last().map_or(0, |tape| tape.iter().filter(|trip| count(trip)).count())
            };
            #[expect(clippy::cast_precision_loss, reason = "they are few")]
            let (size_f, redis, postgresql) =
                (size as f64, trips(&|trip| !trip.redis.is_empty()) as f64, trips(&|trip| !trip.sql.is_empty()) as f64);
            table.row([
                text(kind.what()),
                number(size_f, 0),
                number(ms(own.times.p50()), 1),
                number(per_second, 0),
                number(rate(size, floor.p50()), 0),
                number(of_the_floor, 2),
                number(ms(own.function) * 1e3 / size_f, 0),
                number(ms(own.postgresql) * 1e3 / size_f, 0),
                number(redis, 0),
                number(postgresql, 0),
            ]);
            if size == 500 {
                let name = kind.what();
                budgets.push(Budget::of(format!("{name}, 500 at once: events/s"), per_second, Bound::AtLeast(5_000.0)));
                budgets.push(Budget::of(
                    format!("{name}, 500 at once: of the floor's events/s"),
                    of_the_floor,
                    Bound::AtLeast(0.6),
                ));
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let worked = world.test.count("webhook_events where state = 'processed'").await;
    assert!(worked > 0, "no webhook was worked");
    (table, budgets)
}

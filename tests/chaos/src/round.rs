//! A round: load, faults, everything mended, rest, and the counting.

use std::time::{Duration, Instant};

use support::two_way;
use support::wait::eventually;
use tokio::time::sleep;
use tokio_postgres::Client;

use crate::faults::{self, Victim};
use crate::ledger::Ledger;
use crate::load::Load;
use crate::verdict;
use crate::world::World;

/// How long everything may take to come to rest, on a busy machine.
const REST: Duration = Duration::from_mins(2);

/// Between a fault and what comes next, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 300..2500;

/// The least that a round must have had accepted, or it has shown nothing.
const LEAST_WRITES: usize = 20;

/// The rounds of a seed, one after the other, in one world.
pub struct Rounds {
    world: &'static World,
    ledger: Ledger,
    rng: fastrand::Rng,
    deck: Vec<Victim>,
    begun: Instant,
    number: u32,
}

impl Rounds {
    /// Those of this seed.
    pub fn from(seed: u32, world: &'static World) -> Self {
        Self {
            world,
            ledger: Ledger::default(),
            rng: fastrand::Rng::with_seed(seed.into()),
            deck: Vec::new(),
            begun: Instant::now(),
            number: 0,
        }
    }

    /// Plays the next one.
    pub async fn next(&mut self) {
        self.number += 1;
        let victims = self.draw();
        let (before, mut load_rng, mut rng) = (self.ledger.counts(), self.rng.fork(), self.rng.fork());
        let load = Load::of(self.world, &self.ledger);
        Box::pin(load.during(&mut load_rng, self.befall(&victims, &mut rng))).await;

        let (sql, begun) = (self.world.sql().await, Instant::now());
        at_rest(self.world, &sql).await;
        let rest = begun.elapsed();
        let after = self.ledger.counts();
        let (accepted, unknown) = (after.0 - before.0, after.1 - before.1);
        assert!(accepted >= LEAST_WRITES, "only {accepted} writes were accepted, and {unknown} not answered");
        let wrong = verdict::of(self.world, &self.ledger, &sql).await;
        assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), verdict::shortened(&wrong));
        self.tell(&format!("{accepted} writes accepted, {unknown} not answered; at rest in {rest:.1?}, all is well"));
    }

    /// Who is hit: everybody has a turn before anybody has another.
    fn draw(&mut self) -> Vec<Victim> {
        let count = self.rng.usize(1..=3);
        let mut victims = Vec::with_capacity(count);
        for _ in 0..count {
            if self.deck.is_empty() {
                self.deck = faults::ALL.to_vec();
                self.rng.shuffle(&mut self.deck);
            }
            victims.extend(self.deck.pop());
        }
        victims.dedup();
        victims
    }

    /// One after the other; sometimes the next before the last was mended.
    async fn befall(&self, victims: &[Victim], rng: &mut fastrand::Rng) {
        for (index, victim) in victims.iter().enumerate() {
            pause(rng).await;
            let done = victim.hit(self.world, rng).await;
            self.tell(&done);
            if index + 1 == victims.len() || rng.bool() {
                pause(rng).await;
                faults::mend(self.world).await;
                self.tell("mended");
            }
        }
        pause(rng).await;
    }

    fn tell(&self, what: &str) {
        println!("    {:6.1} s  round {}  {what}", self.begun.elapsed().as_secs_f64(), self.number);
    }
}

async fn pause(rng: &mut fastrand::Rng) {
    sleep(Duration::from_millis(rng.u64(PAUSE_MS))).await;
}

/// Waits until nothing waits to be published, to be worked, to be written or to be told, and nobody is at anything.
async fn at_rest(world: &World, sql: &Client) {
    let look = async || {
        let told = world.crm.pending().await;
        let rest = two_way::unrest(sql).await;
        let open = "select (select count(*) from links where sending is not null or retry_at is not null), \
                        (select count(*) from pg_stat_activity where datname = current_database() \
                         and pid <> pg_backend_pid() and state <> 'idle')";
        let row = sql.query_one(open, &[]).await.unwrap_or_else(|error| panic!("{open}: {error}"));
        let (links, statements): (i64, i64) = (row.get(0), row.get(1));
        let still = format!(
            "{told} webhooks to be told; {rest:?} events, webhooks, links and contacts; {links} links; {statements} statements"
        );
        if (told, rest, links, statements) == (0, [0; 4], 0, 0) { Ok(()) } else { Err(still) }
    };
    eventually("both sides to be at rest", REST, look).await;
}

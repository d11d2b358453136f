//! Who writes and reads while things break: clients here, people in the CRM, and somebody with a revoked token.

use std::cell::Cell;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;

use crate::ledger::Ledger;
use crate::operations::GET;
use crate::ours::Ours;
use crate::theirs::Theirs;
use crate::world::World;

const OURS: usize = 4;
const THEIRS: usize = 3;

/// Between two questions of one client, in milliseconds: the machine has other work to do.
const PAUSE_MS: std::ops::Range<u64> = 10..120;

/// The load of a round.
pub struct Load<'a> {
    pub world: &'a World,
    pub ledger: &'a Ledger,
    over: Cell<bool>,
}

impl<'a> Load<'a> {
    /// The load on this world.
    pub fn of(world: &'a World, ledger: &'a Ledger) -> Self {
        Self { world, ledger, over: Cell::new(false) }
    }

    /// Keeps everybody at work while something is done, and then until each has come to an end of what it was at.
    pub async fn during(&self, rng: &mut fastrand::Rng, work: impl Future<Output = ()>) {
        let ours: Vec<_> = (0..OURS).map(|number| Ours::new(self, number, rng.fork())).collect();
        let theirs: Vec<_> = (0..THEIRS).map(|number| Theirs::new(self, number, rng.fork())).collect();
        let work = async {
            work.await;
            self.over.set(true);
        };
        let ours = join_all(ours.into_iter().map(Ours::work));
        let theirs = join_all(theirs.into_iter().map(Theirs::work));
        tokio::join!(work, ours, theirs, self.refused(rng.fork()));
    }

    /// Whether nobody is to begin anything more.
    pub fn is_over(&self) -> bool {
        self.over.get()
    }

    /// A moment's rest.
    pub async fn pause(rng: &mut fastrand::Rng) {
        sleep(Duration::from_millis(rng.u64(PAUSE_MS))).await;
    }

    /// A revoked token opens nothing, whoever is away.
    async fn refused(&self, mut rng: fastrand::Rng) {
        let nobody = "/contacts/0190a0a0-0000-7000-8000-000000000000";
        while !self.is_over() {
            if let Some(answer) = self.world.ask(GET, self.world.revoked.ask("GET", nobody)).await {
                assert_eq!(answer.status, 401, "the token was revoked: {answer:?}");
            }
            Self::pause(&mut rng).await;
        }
    }
}

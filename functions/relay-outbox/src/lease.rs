//! Holding the lease: taken, renewed while there is work, given back.
//!
//! Whether it is still ours is judged by our own clock, from before the statement that last renewed it was sent. So
//! we believe it lost before PostgreSQL does, and never after.

use std::convert::Infallible;
use std::future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crosswalk::clock::{End, Moment};
use crosswalk::db::{Database, lease};
use crosswalk::{App, Error, Result};
use tokio::time::sleep;
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::database::ask;

/// How often a waiting shift looks whether the lease is free.
const LOOK: Duration = Duration::from_millis(100);

/// A shift's place in the order of those who may work.
pub struct Lease<'a> {
    database: &'a Database,
    /// This shift, and no other.
    holder: Uuid,
    length: Duration,
    /// When the lease was last known to be ours; none if it isn't.
    renewed: Mutex<Option<Moment>>,
}

/// What to do while another shift has the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhileHeld {
    Wait,
    Leave,
}

impl<'a> Lease<'a> {
    /// A lease that nobody has taken yet.
    pub fn new(app: &'a App, length: Duration) -> Self {
        Self { database: &app.lease_database, holder: Uuid::now_v7(), length, renewed: Mutex::new(None) }
    }

    /// Who the holder is, for statements that check it.
    pub fn holder(&self) -> Uuid {
        self.holder
    }

    /// Takes the lease. `false`: another shift has it. PostgreSQL being away is waited for until the shift's end.
    pub async fn take(&self, end: &End, while_held: WhileHeld) -> Result<bool> {
        let mut backoff = Backoff::default();
        loop {
            let before = Moment::now();
            let taken =
                ask(self.database, self.patience(), async |db| lease::take(db, self.holder, self.length).await).await;
            let pause = match taken {
                Ok(true) => {
                    *self.renewed() = Some(before);
                    return Ok(true);
                }
                Ok(false) if while_held == WhileHeld::Leave || end.is_over() => return Ok(false),
                Ok(false) => {
                    backoff.reset();
                    LOOK
                }
                Err(error @ Error::Unavailable { .. }) if !end.is_over() => {
                    tracing::warn!(cause = error.chain(), "the lease can't be asked for; trying again");
                    backoff.pause()
                }
                Err(error) => return Err(error),
            };
            sleep(pause.min(end.left())).await;
        }
    }

    /// Whether the lease is certainly ours.
    pub fn is_held(&self) -> bool {
        self.renewed().is_some_and(|moment| moment.elapsed() < self.length)
    }

    /// Notes that it is not.
    pub fn lose(&self) {
        *self.renewed() = None;
    }

    /// Renews the lease beside the work. When it is lost the work is not cut off, since records may be on their way:
    /// it sees the loss by [`is_held`](Self::is_held).
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            outcome = work => outcome,
            never = self.keep() => match never {},
        }
    }

    /// Gives the lease back, so that the next shift need not wait for it to run out.
    pub async fn give_back(&self) {
        if !self.is_held() {
            return;
        }
        self.lose();
        if let Err(error) =
            ask(self.database, self.patience(), async |db| lease::give_back(db, self.holder).await).await
        {
            tracing::warn!(cause = error.chain(), "the lease was not given back; it will run out");
        }
    }

    async fn keep(&self) -> Infallible {
        while self.is_held() {
            sleep(self.length / 5).await;
            self.renew().await;
        }
        tracing::warn!("the lease is lost");
        future::pending().await
    }

    async fn renew(&self) {
        let before = Moment::now();
        match ask(self.database, self.patience(), async |db| lease::renew(db, self.holder, self.length).await).await {
            Ok(true) => *self.renewed() = Some(before),
            Ok(false) => self.lose(),
            Err(error) => tracing::warn!(cause = error.chain(), "the lease was not renewed; trying again"),
        }
    }

    /// Short enough for another try before the lease has run out.
    fn patience(&self) -> Duration {
        self.length * 2 / 5
    }

    fn renewed(&self) -> MutexGuard<'_, Option<Moment>> {
        self.renewed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

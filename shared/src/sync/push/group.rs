//! One connection's tasks: some at once, as long as its CRM answers and its time isn't over. What is not begun then comes
//! round again, each at a time of its own, so that no more come due at once than the CRM may be asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::breaker::Severity;
use super::execute::{Reply, execute};
use super::{Done, Pusher, Task};
use crate::app::App;
use crate::auth::AccountAt;
use crate::clock::{End, Moment};
use crate::contact::now;
use crate::mapping::crm;
use crate::remote::Failure;
use crate::telemetry::{self, Measure};

/// How long calls of one connection are begun in an invocation while other connections have work. `CROSSWALK_CRM_PUSH_MS`
/// holds for a connection that is alone.
const SHARE: Duration = Duration::from_secs(1);

/// The tasks of one account.
pub(super) struct Group<'a> {
    pusher: &'a Pusher,
    app: &'a App,
    account: &'a AccountAt,
    end: &'a End,
    place: (String, String),
    began: Moment,
    /// Until when no task is begun, once that is so.
    halted: Mutex<Option<Timestamp>>,
}

impl<'a> Group<'a> {
    /// Tasks that are still to be done.
    pub(super) fn new(pusher: &'a Pusher, app: &'a App, account: &'a AccountAt, end: &'a End) -> Self {
        let place = (account.tenant.clone(), account.connection.clone());
        let halted = Mutex::new(pusher.breakers.pause(&place).map(after));
        Self { pusher, app, account, end, place, began: Moment::now(), halted }
    }

    /// Does them.
    pub(super) async fn run(&self, tasks: Vec<Task>) -> Vec<Done> {
        let at_once = self.app.config.crms.calls.max(1);
        let work = |task| async { (self.attempt(&task).await, task) };
        let outcomes: Vec<_> = stream::iter(tasks).map(work).buffer_unordered(at_once).collect().await;
        let waiting = outcomes.iter().filter(|(reply, _)| reply.is_none()).count();
        let mut slots = self.slots(waiting).await.into_iter();
        let done = |(reply, task): (Option<Reply>, Task)| {
            let reply = reply.unwrap_or_else(|| Reply::Deferred(slots.next().unwrap_or_else(now)));
            Done { task, reply }
        };
        outcomes.into_iter().map(done).collect()
    }

    /// Does a task; `None` if it is not to be begun now.
    async fn attempt(&self, task: &Task) -> Option<Reply> {
        let crm = crm(&task.connection.crm)?;
        if self.is_halted() {
            return None;
        }
        let session = self.pusher.remote.session(&self.app.redis, &self.app.secrets, self.account, crm);
        let session = session.within(task.trace.as_ref());
        let (began, longest) = (Moment::now(), self.app.config.crms.call * 2);
        let reply = execute(&session, crm, task.plan.link.contact_id, &task.plan.step);
        let reply = timeout(longest, reply).await.unwrap_or_else(|_| {
            // The call that is cut off here can't tell it any more.
            telemetry::count(Measure::CrmErrors, 1);
            Reply::Failed(Failure::Unanswered("the CRM took too long over several calls".to_owned()))
        });
        self.note(&reply, began.elapsed());
        Some(reply)
    }

    fn is_halted(&self) -> bool {
        let mut halted = self.halted();
        if halted.is_none() && (self.began.elapsed() >= self.time() || self.end.is_over()) {
            *halted = Some(now());
        }
        halted.is_some()
    }

    /// How long calls are begun.
    fn time(&self) -> Duration {
        let push = self.app.config.crms.push;
        if self.pusher.recent.has_other(&self.place) { push.min(SHARE) } else { push }
    }

    /// Learns from a reply. A CRM that answers, and takes its time, holds up others as one does that doesn't.
    fn note(&self, reply: &Reply, took: Duration) {
        let breakers = &self.pusher.breakers;
        let pause = match reply {
            Reply::Failed(Failure::Busy(pause)) => {
                breakers.busy(&self.place, *pause);
                Some(*pause)
            }
            Reply::Failed(Failure::Limited(pause)) => Some(*pause),
            Reply::Failed(Failure::Unreached(_)) => self.fail(Severity::Plain),
            Reply::Failed(Failure::Unanswered(_)) => self.fail(Severity::Doubtful),
            _ if took > self.app.config.crms.call / 2 => self.fail(Severity::Doubtful),
            _ => {
                breakers.worked(&self.place);
                None
            }
        };
        if let Some(pause) = pause {
            self.halted().get_or_insert(after(pause));
        }
    }

    fn fail(&self, severity: Severity) -> Option<Duration> {
        let pause = self.pusher.breakers.failed(&self.place, severity, &self.app.config.crms)?;
        let (tenant, connection) = (&self.place.0, &self.place.1);
        tracing::warn!(tenant, connection, pause_ms = pause.as_millis(), "a CRM is left alone for a while");
        Some(pause)
    }

    /// Times for so many tasks, behind those that others were given. Each task takes a call or two.
    async fn slots(&self, count: usize) -> Vec<Timestamp> {
        let from = self.halted().unwrap_or_else(now);
        let each = Duration::from_secs(2) / self.app.config.crms.rate.per_second.max(1);
        let Ok(count) = u32::try_from(count) else { return Vec::new() };
        if count == 0 {
            return Vec::new();
        }
        let key = self.app.redis.keys().slots(&self.account.tenant, &self.account.connection);
        let wait = crate::rate::reserve(&self.app.redis, &key, each, count).await.unwrap_or_default();
        let first = from.max(after(wait));
        (1..=count).map(|number| first + SignedDuration::try_from(each * number).unwrap_or_default()).collect()
    }

    fn halted(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.halted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn after(pause: Duration) -> Timestamp {
    super::transition::after(now(), pause)
}

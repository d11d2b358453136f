//! One connection's tasks: some at once, as long as its CRM answers and its time isn't over. What is not begun then comes
//! round again, spaced as its calls may be.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::breaker::Severity;
use super::execute::{Reply, execute};
use super::{Done, Pusher, Task};
use crate::app::App;
use crate::auth::AccountAt;
use crate::clock::{End, Moment};
use crate::contact::now;
use crate::mapping::crm;
use crate::remote::Failure;

/// Does the tasks of an account.
pub(super) async fn run(pusher: &Pusher, app: &App, account: &AccountAt, tasks: Vec<Task>, end: &End) -> Vec<Done> {
    let halt = Halt::new(pusher, app, account, end);
    let halt = &halt;
    let work = |task: Task| async move {
        let Some(crm) = crm(&task.connection.crm) else {
            return Done { task, reply: Reply::Deferred(now()) };
        };
        if let Some(at) = halt.next() {
            return Done { task, reply: Reply::Deferred(at) };
        }
        let session = pusher.remote.session(&app.redis, &app.secrets, account, crm);
        let reply = execute(&session, crm, task.plan.link.contact_id, &task.plan.step).await;
        halt.note(&reply);
        Done { task, reply }
    };
    stream::iter(tasks).map(work).buffer_unordered(app.config.crms.calls.max(1)).collect().await
}

/// Whether to go on.
struct Halt<'a> {
    pusher: &'a Pusher,
    app: &'a App,
    place: (String, String),
    began: Moment,
    end: &'a End,
    /// When the first task that is not begun any more may be, and how many weren't since.
    halted: Mutex<Option<(Timestamp, u32)>>,
}

impl<'a> Halt<'a> {
    fn new(pusher: &'a Pusher, app: &'a App, account: &AccountAt, end: &'a End) -> Self {
        let place = (account.tenant.clone(), account.connection.clone());
        let halted = pusher.breakers.pause(&place).map(|pause| (after(pause), 0));
        Self { pusher, app, place, began: Moment::now(), end, halted: Mutex::new(halted) }
    }

    /// When to do the next task, if not now.
    fn next(&self) -> Option<Timestamp> {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        if halted.is_none() && (self.began.elapsed() >= self.app.config.crms.push || self.end.is_over()) {
            *halted = Some((now(), 0));
        }
        let (from, waiting) = halted.as_mut()?;
        *waiting += 1;
        // Each takes a call or two.
        let each = Duration::from_secs(2) / self.app.config.crms.rate.per_second.max(1);
        Some(*from + SignedDuration::try_from(each * *waiting).unwrap_or_default())
    }

    fn note(&self, reply: &Reply) {
        let pause = match reply {
            Reply::Failed(Failure::Busy(pause) | Failure::Limited(pause)) => Some(*pause),
            Reply::Failed(Failure::Unreached(_)) => self.fail(Severity::Plain),
            Reply::Failed(Failure::Unanswered(_)) => self.fail(Severity::Doubtful),
            _ => {
                self.pusher.breakers.worked(&self.place);
                None
            }
        };
        if let Some(pause) = pause {
            let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
            halted.get_or_insert((after(pause), 0));
        }
    }

    fn fail(&self, severity: Severity) -> Option<Duration> {
        let pause = self.pusher.breakers.failed(&self.place, severity, &self.app.config.crms)?;
        let (tenant, connection) = (&self.place.0, &self.place.1);
        tracing::warn!(tenant, connection, pause_ms = pause.as_millis(), "a CRM is left alone for a while");
        Some(pause)
    }
}

fn after(pause: Duration) -> Timestamp {
    now() + SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1))
}

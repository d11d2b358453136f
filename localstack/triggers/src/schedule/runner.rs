//! The clock: fires each schedule of a template at its time.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tracing::{info, warn};

use super::{
    delivery::{Event, Lane},
    event,
};
use crate::{
    invoke::Invoke,
    origin::Origin,
    template::{Function, Schedule, Template},
};

/// Tells the time of day.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The longest sleep before the time of day is looked at again: a machine that was suspended, or whose clock was set,
/// is then late by this much at most.
const LONGEST_SLEEP: SignedDuration = SignedDuration::from_secs(30);

/// Fires the template's schedules for as long as it is polled. Dropping it abandons what is under way.
pub async fn run<I: Invoke>(template: &Template, invoker: &I, origin: &Origin, clock: Clock) {
    let mut schedules = JoinSet::new();
    for function in template.functions().values() {
        if function.reserved_concurrency == Some(0) {
            if function.schedules().next().is_some() {
                warn!(function = function.name, "its reserved concurrency is 0, so its schedules don't fire");
            }
            continue;
        }
        let lane = Lane::new(function, invoker.clone());
        for schedule in function.schedules() {
            announce(function, schedule);
            schedules.spawn(fire(schedule.clone(), lane.clone(), origin.clone(), Arc::clone(&clock)));
        }
    }
    while schedules.join_next().await.is_some() {}
}

fn announce(function: &Function, schedule: &Schedule) {
    let at_once = function.reserved_concurrency.unwrap_or(1);
    info!(function = function.name, at_once, "fires {}", schedule.expression);
}

/// Fires one schedule. A tick that finds all places taken waits for one, and a later tick takes its turn over:
/// however many fall meanwhile, one is fired.
async fn fire<I: Invoke>(schedule: Schedule, lane: Lane<I>, origin: Origin, clock: Clock) {
    let mut ticks = Ticks::new(schedule.clone(), Arc::clone(&clock));
    let mut deliveries = JoinSet::new();
    let mut waiting: Option<Event> = None;
    loop {
        tokio::select! {
            biased;
            tick = ticks.next(), if !ticks.ended() => {
                if let Some(time) = tick {
                    let body = event::body(&schedule, &origin, time);
                    waiting = Some(Event { body, since: Instant::now() });
                }
            }
            place = lane.place(), if waiting.is_some() => {
                if let Some(event) = waiting.take() {
                    deliveries.spawn(lane.clone().deliver(event, place));
                }
            }
            // Its own outcome is logged where it happens.
            Some(_) = deliveries.join_next() => {}
            else => break,
        }
    }
}

/// The moments of one schedule. Moments that pass while nobody asks are left out.
struct Ticks {
    schedule: Schedule,
    clock: Clock,
    start: Timestamp,
    next: Option<Timestamp>,
}

impl Ticks {
    fn new(schedule: Schedule, clock: Clock) -> Self {
        let start = clock();
        let next = match schedule.expression {
            super::Expression::Rate(_) => Some(start),
            super::Expression::Cron(_) => schedule.expression.next_after(start, start),
        };
        Self { schedule, clock, start, next }
    }

    fn ended(&self) -> bool {
        self.next.is_none()
    }

    /// Waits for the next moment. Cancelling loses nothing.
    async fn next(&mut self) -> Option<Timestamp> {
        let due = self.next?;
        loop {
            let now = (self.clock)();
            if now >= due {
                self.next = self.schedule.expression.next_after(now, self.start);
                return Some(due);
            }
            let left = due.duration_since(now).min(LONGEST_SLEEP);
            sleep(Duration::try_from(left).unwrap_or_default()).await;
        }
    }
}

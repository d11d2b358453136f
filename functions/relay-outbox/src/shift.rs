//! The rhythm of a shift: round after round while there is work, a look now and then while there is none.

use std::time::Duration;

use crosswalk::clock::{End, Moment};
use crosswalk::{App, Error, Result, telemetry};
use tokio::time::sleep;

use crate::Relay;
use crate::backoff::Backoff;
use crate::due::DueLinks;
use crate::feed::{Feed, Load};
use crate::lag::Lag;
use crate::lease::Lease;
use crate::report::Report;

/// After work, more is likely: look often for a while.
const BUSY_FOR: Duration = Duration::from_secs(10);
const BUSY_LOOK: Duration = Duration::from_millis(20);
const IDLE_LOOK: Duration = Duration::from_millis(200);

/// A shift.
pub struct Shift<'a> {
    lease: &'a Lease<'a>,
    end: &'a End,
    feeds: [Feed<'a>; 2],
    due: DueLinks<'a>,
    worked: Option<Moment>,
    report: Report,
    lag: Lag,
}

impl<'a> Shift<'a> {
    /// A shift that has done nothing yet.
    pub fn new(relay: &'a Relay, app: &'a App, lease: &'a Lease<'a>, end: &'a End) -> Self {
        let feeds = [&relay.contacts, &relay.webhooks].map(|outlet| Feed::new(relay, app, lease, end, outlet));
        let due = DueLinks::new(relay, app, lease, end);
        Self { lease, end, feeds, due, worked: None, report: Report::default(), lag: Lag::new() }
    }

    /// Notes that the shift has the lease.
    pub fn begins(&mut self) {
        if self.report.leases == 0 {
            self.report.waited_seconds = self.end.elapsed().as_secs_f64();
        }
        self.report.leases += 1;
        tracing::info!(waited_seconds = self.report.waited_seconds, leases = self.report.leases, "shift began");
    }

    /// Works until the shift ends or the lease is lost. A store that is away is waited for.
    pub async fn work(&mut self) -> Result<()> {
        let mut backoff = Backoff::default();
        while self.lease.is_held() && !self.end.is_over() {
            let pause = match self.round().await {
                Ok(load) => {
                    backoff.reset();
                    self.pause(load)
                }
                Err(error @ Error::Unavailable { .. }) => {
                    tracing::warn!(cause = error.chain(), "rows wait; trying again");
                    backoff.pause()
                }
                Err(error) => return Err(error),
            };
            self.lag.tell();
            sleep(pause.min(self.end.left())).await;
        }
        Ok(())
    }

    /// Tells what was done.
    pub fn ends(mut self) -> Report {
        self.lag.tell_now();
        self.report.shift_seconds = self.end.elapsed().as_secs_f64();
        if self.report.leases == 0 {
            self.report.waited_seconds = self.report.shift_seconds;
        }
        let Report { published, parked, sent_round, leases, shift_seconds, .. } = self.report;
        tracing::info!(published, parked, sent_round, leases, shift_seconds, "shift ended");
        self.report
    }

    /// One round of every source, and of the links. One that fails does not keep the others from theirs.
    async fn round(&mut self) -> Result<Load> {
        let mut outcome = Ok(Load::Idle);
        for feed in &mut self.feeds {
            let round = feed.round(&mut self.report, &mut self.lag).await;
            outcome = outcome.and_then(|load| Ok(load.max(round?)));
        }
        let round = self.due.round(&mut self.report).await;
        telemetry::flush().await;
        outcome.and_then(|load| Ok(load.max(round?)))
    }

    fn pause(&mut self, load: Load) -> Duration {
        if load > Load::Idle {
            self.worked = Some(Moment::now());
        }
        match self.worked {
            _ if load == Load::Full => Duration::ZERO,
            Some(moment) if moment.elapsed() < BUSY_FOR => BUSY_LOOK,
            _ => IDLE_LOOK,
        }
    }
}

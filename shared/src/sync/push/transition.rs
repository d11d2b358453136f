//! What a link is after a step, decided without asking anybody.

use jiff::{SignedDuration, Timestamp};

use super::execute::Reply;
use super::plan::{Plan, Step};
use crate::clock::backoff;
use crate::config::Crms;
use crate::contact::Contact;
use crate::db::links::{Link, LinkState, Sending};
use crate::mapping::Record;
use crate::remote::Failure;

/// A record that was to be changed and is not there: so often we wait to be told that it was deleted, and when.
const PATIENCE: i32 = 3;

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// The link is this.
    Is(Box<Link>),
    /// The link is this, and the record that it had is gone.
    Buried(Box<Link>),
    /// The CRM's record is news, to be decided with the link as it is here.
    Told {
        link: Box<Link>,
        record: Record,
        /// Whether our writing is in it.
        written: bool,
    },
    /// That the CRM's record is gone is news.
    ToldGone(Box<Link>),
}

/// What follows from a reply for a link that is still as the plan left it, but for what was changed by news meanwhile.
pub(super) fn next(plan: &Plan, reply: Reply, contact: &Contact, link: Link, now: Timestamp, settings: &Crms) -> Next {
    let link = Link { claimed_until: None, retry_at: None, ..link };
    let unwritten = |link: Link| Link { sending: plan.unanswered.clone(), ..link };
    match reply {
        Reply::Answered(record) => Next::Told { link: link.into(), record, written: true },
        Reply::Shown { record, unwritten: true } => {
            Next::Told { link: Link { sending: None, ..link }.into(), record, written: false }
        }
        Reply::Shown { record, unwritten: false } => Next::Told { link: link.into(), record, written: false },
        Reply::Agreed => Next::Is(reached(plan, contact, link, now).into()),
        Reply::Removed => Next::Buried(reached(plan, contact, Link { base: None, ..link }, now).into()),
        Reply::Missing => missing(plan, contact, link, now, settings),
        Reply::Deferred(at) => Next::Is(Link { retry_at: Some(at), ..unwritten(link) }.into()),
        Reply::Failed(Failure::Busy(pause) | Failure::Limited(pause)) => {
            Next::Is(Link { retry_at: Some(after(now, pause)), ..unwritten(link) }.into())
        }
        Reply::Failed(Failure::Refused(reason)) => Next::Is(dead(plan, link, reason).into()),
        Reply::Failed(failure @ Failure::Unanswered(_)) => {
            Next::Is(failing(plan, link, failure.to_string(), now, settings).into())
        }
        Reply::Failed(failure) => Next::Is(failing(plan, unwritten(link), failure.to_string(), now, settings).into()),
    }
}

/// The CRM has this version of the contact. If there is another by now, it is to be written.
fn reached(plan: &Plan, contact: &Contact, link: Link, now: Timestamp) -> Link {
    let link = link.in_sync(plan.version, now);
    if contact.version == plan.version { link } else { due(link, now) }
}

/// The link, to be looked at again now.
pub(super) fn due(link: Link, now: Timestamp) -> Link {
    Link { state: LinkState::Pending, retry_at: Some(now), ..link }
}

fn missing(plan: &Plan, contact: &Contact, link: Link, now: Timestamp, settings: &Crms) -> Next {
    let none = Link { sending: None, ..link };
    let had_one = none.remote_id.is_some();
    if contact.deleted_at.is_some() {
        let link = reached(plan, contact, Link { base: None, ..none }, now).into();
        return if had_one { Next::Buried(link) } else { Next::Is(link) };
    }
    match plan.step {
        Step::Change { .. } if none.attempts + 1 < PATIENCE => {
            let reason = "the CRM's record is gone; when it was deleted has not been told yet".to_owned();
            Next::Is(failing(plan, none, reason, now, settings).into())
        }
        Step::Change { .. } => Next::ToldGone(none.into()),
        _ if had_one => Next::Buried(due(Link { remote_id: None, base: None, base_stamp: None, ..none }, now).into()),
        _ => Next::Is(due(none, now).into()),
    }
}

fn failing(plan: &Plan, link: Link, reason: String, now: Timestamp, settings: &Crms) -> Link {
    let since = link.failing_since.unwrap_or(now);
    let give_up = SignedDuration::try_from(settings.give_up).unwrap_or(SignedDuration::MAX);
    if now.duration_since(since) >= give_up {
        return dead(plan, link, reason);
    }
    let attempts = link.attempts.saturating_add(1);
    let pause = backoff(settings.retry, settings.retry_max, attempts.unsigned_abs());
    Link {
        state: LinkState::Failing,
        attempts,
        failing_since: Some(since),
        retry_at: Some(after(now, pause)),
        failure: Some(reason),
        ..link
    }
}

/// Given up. What was being sent tells which version it was: another one is tried again.
fn dead(plan: &Plan, link: Link, reason: String) -> Link {
    let record = plan.link.sending.as_ref().and_then(|sending| sending.record.clone());
    let since = plan.link.sending.as_ref().map_or(Timestamp::UNIX_EPOCH, |sending| sending.since);
    Link {
        state: LinkState::Dead,
        attempts: link.attempts.saturating_add(1),
        sending: Some(Sending { version: plan.version, record, since }),
        retry_at: None,
        failure: Some(reason),
        ..link
    }
}

/// A link after news that our own asking brought: if the two sides are still not the same, it is due; the more often that
/// happens in a row, the later.
pub(super) fn after_news(link: Link, written: bool, now: Timestamp, settings: &Crms) -> Link {
    if link.state == LinkState::Synced {
        return link;
    }
    let attempts = if written { 0 } else { link.attempts.saturating_add(1) };
    let pause = if attempts > 1 {
        backoff(settings.retry, settings.retry_max, attempts.unsigned_abs())
    } else {
        std::time::Duration::ZERO
    };
    // What the CRM has shown says what came of what we were sending.
    let link = Link { sending: None, claimed_until: None, ..link };
    Link { state: LinkState::Pending, attempts, retry_at: Some(after(now, pause)), ..link }
}

/// News that can't be worked.
pub(super) fn refused(plan: &Plan, link: Link, reason: &str) -> Link {
    dead(plan, link, format!("the CRM's record can't be taken: {reason}"))
}

fn after(now: Timestamp, pause: std::time::Duration) -> Timestamp {
    now + SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1))
}

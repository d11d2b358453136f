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

/// A record that was to be changed and is not there. The CRM should tell when it was deleted; until we are sure that it won't,
/// this is why the link fails.
const MISSING: &str = "the CRM's record is gone; when it was deleted has not been told yet";

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
    /// That the CRM's record is gone, at this time at the latest, is news.
    ToldGone(Box<Link>, Timestamp),
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
    let link = Link { sending: None, ..link };
    let had_one = link.remote_id.is_some();
    if contact.deleted_at.is_some() {
        let link = reached(plan, contact, Link { base: None, ..link }, now).into();
        return if had_one { Next::Buried(link) } else { Next::Is(link) };
    }
    if matches!(plan.step, Step::Change { .. }) {
        let since = link.failing_since.filter(|_| link.failure.as_deref() == Some(MISSING)).unwrap_or(now);
        let patience = SignedDuration::try_from(settings.retry_max).unwrap_or(SignedDuration::MAX);
        if now.duration_since(since) >= patience {
            return Next::ToldGone(link.into(), since);
        }
        let link = Link { failing_since: Some(since), ..link };
        return Next::Is(failing(plan, link, MISSING.to_owned(), now, settings).into());
    }
    // What the id stands for is not known any more: it is sought by ours, and made if there is link.
    Next::Is(due(Link { remote_id: None, base: None, base_stamp: None, ..link }, now).into())
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
/// happens in a row, the later, and not for ever.
pub(super) fn after_news(plan: &Plan, link: Link, written: bool, now: Timestamp, settings: &Crms) -> Link {
    if link.state == LinkState::Synced {
        return link;
    }
    // What the CRM has shown says what came of what we were sending.
    let link = Link { sending: None, claimed_until: None, ..link };
    if written {
        return due(Link { attempts: 0, failing_since: None, failure: None, ..link }, now);
    }
    if link.attempts == 0 {
        return due(Link { attempts: 1, failing_since: Some(now), ..link }, now);
    }
    failing(plan, link, "the CRM's record is not what we have, again and again".to_owned(), now, settings)
}

/// News that can't be worked.
pub(super) fn refused(plan: &Plan, link: Link, reason: &str) -> Link {
    dead(plan, link, format!("the CRM's record can't be taken: {reason}"))
}

/// A time so much later. No pause is longer than the longest that a CRM is left alone.
pub(super) fn after(now: Timestamp, pause: std::time::Duration) -> Timestamp {
    now + SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1))
}

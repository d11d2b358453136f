//! What is done next, and what a link is afterwards, without a CRM to ask.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::execute::Reply;
use super::plan::{Plan, Step, plan};
use super::transition::{Next, after_news, next};
use crate::config::{Config, Crms, Env};
use crate::contact::reading::{Rules, read};
use crate::contact::{Contact, NewContact, RemoteKey, now};
use crate::db::links::{Link, LinkState, Sending};
use crate::mapping::{Record, Stamp, crm};
use crate::remote::Failure;

const CLAIM: SignedDuration = SignedDuration::from_secs(90);

fn rules() -> Rules {
    Rules { phone_region: "US".to_owned() }
}

fn settings() -> Crms {
    Config::read(&Env::default()).unwrap().crms
}

fn ada() -> Contact {
    let new = json!({"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"});
    let new: NewContact = read(new, &rules()).unwrap();
    Contact { version: 2, ..Contact::create(new.profile) }
}

fn record(title: &str) -> Record {
    let Value::Object(record) = json!({"id": "7", "acme_first_name": "Ada", "acme_last_name": "Lovelace",
        "acme_email": "ada@example.com", "acme_status": "Active", "acme_title": title, "acme_version": 3})
    else {
        unreachable!()
    };
    record
}

/// A link whose record has another title than the contact.
fn link(contact: &Contact) -> Link {
    let key = RemoteKey { connection: "cn_one".to_owned(), remote_id: "7".to_owned() };
    let base_stamp = Some(Stamp { at: now(), version: Some(3) });
    Link { base: Some(record("Poet")), base_stamp, pushed_version: 1, ..Link::new(contact.id, key) }
}

fn planned(contact: &Contact, link: Option<Link>) -> Option<Plan> {
    plan(crm("acme").unwrap(), contact, link, "cn_one", now(), CLAIM, &rules())
}

fn sending(version: i32) -> Sending {
    Sending { version, record: Some(record("Countess")), since: now() }
}

/// What a reply makes of the link of a plan.
fn then(contact: &Contact, link: Link, reply: Reply) -> (Plan, Next) {
    let plan = planned(contact, Some(link)).expect("there is something to do");
    let next = next(&plan, reply, contact, plan.link.clone(), now(), &settings());
    (plan, next)
}

fn is(next: Next) -> Link {
    let Next::Is(link) = next else { panic!("{next:?}") };
    *link
}

#[test]
fn the_next_step_is_the_one_that_is_missing() {
    let contact = ada();
    let gone = Contact { deleted_at: Some(now()), ..contact.clone() };
    let step = |contact: &Contact, link| planned(contact, link).map(|plan| plan.step);
    let change = step(&contact, Some(link(&contact)));
    let part = json!({"acme_title": null}).as_object().unwrap().clone();
    assert_eq!(change, Some(Step::Change { remote_id: "7".to_owned(), part, version: Some(3) }));
    assert!(
        matches!(step(&contact, None), Some(Step::Create(record)) if record["acme_external_id"] == json!(contact.id))
    );
    assert_eq!(step(&gone, Some(link(&contact))), Some(Step::Remove { remote_id: "7".to_owned(), version: Some(3) }));
    let unseen = Link { base: None, ..link(&contact) };
    assert_eq!(step(&contact, Some(unseen)), Some(Step::Look(Some("7".to_owned()))));
    let unanswered = Link { sending: Some(sending(2)), ..link(&contact) };
    assert_eq!(step(&contact, Some(unanswered)), Some(Step::Look(Some("7".to_owned()))));
    let unanswered = Link { sending: Some(sending(2)), ..Link::untold(contact.id, "cn_one".to_owned()) };
    assert_eq!(step(&contact, Some(unanswered)), Some(Step::Look(None)));
    let same = Link { base: Some(crm("acme").unwrap().from_contact(&contact, None, &rules())), ..link(&contact) };
    assert_eq!(step(&contact, Some(same)), Some(Step::Agree));
}

#[test]
fn nothing_is_done_twice_in_vain_or_for_nobody() {
    let contact = ada();
    let gone = Contact { deleted_at: Some(now()), ..contact.clone() };
    let in_sync = Link { pushed_version: 2, ..link(&contact) };
    let claimed = Link { claimed_until: Some(now() + CLAIM), ..link(&contact) };
    let dead = Link { state: LinkState::Dead, sending: Some(sending(2)), ..link(&contact) };
    for link in [in_sync, claimed.clone(), dead.clone()] {
        assert_eq!(planned(&contact, Some(link)), None);
    }
    assert_eq!(planned(&gone, None), None, "what was never told of needs not be deleted");
    let left = Link { claimed_until: Some(now() - CLAIM), ..claimed };
    assert!(planned(&contact, Some(left)).is_some(), "whoever claimed it has died");
    let changed = Contact { version: 3, ..contact };
    assert!(planned(&changed, Some(dead)).is_some(), "another version may be taken");
}

#[test]
fn a_claim_says_what_is_sent_and_comes_round_by_itself() {
    let contact = ada();
    let plan = planned(&contact, Some(link(&contact))).unwrap();
    assert_eq!((plan.version, plan.unanswered), (2, None));
    assert_eq!(plan.link.retry_at, plan.link.claimed_until);
    let sent = plan.link.sending.unwrap();
    assert_eq!((sent.version, sent.record.unwrap().get("acme_title")), (2, None));
}

#[test]
fn a_failure_comes_again_later_and_later_and_in_the_end_not_at_all() {
    let contact = ada();
    let unreached = || Reply::Failed(Failure::Unreached("nobody is there".to_owned()));
    let (_, after) = then(&contact, link(&contact), unreached());
    let failing = is(after);
    assert_eq!((failing.state, failing.attempts, &failing.sending), (LinkState::Failing, 1, &None));
    assert_eq!(failing.failure.as_deref(), Some("nobody is there"));
    assert!(failing.claimed_until.is_none() && failing.retry_at > Some(now() - CLAIM));

    let old = Link { failing_since: Some(now() - SignedDuration::from_hours(25)), ..failing };
    let dead = is(then(&contact, old, unreached()).1);
    assert_eq!((dead.state, dead.retry_at, dead.sending.map(|it| it.version)), (LinkState::Dead, None, Some(2)));
}

#[test]
fn what_was_not_answered_is_remembered_and_what_was_not_sent_is_not() {
    let contact = ada();
    let unanswered = Reply::Failed(Failure::Unanswered("no answer".to_owned()));
    assert!(is(then(&contact, link(&contact), unanswered).1).sending.is_some());
    for reply in [Failure::Busy(Duration::from_mins(5)), Failure::Limited(Duration::from_secs(3))] {
        let link = is(then(&contact, link(&contact), Reply::Failed(reply)).1);
        assert_eq!((link.sending, link.attempts, link.state), (None, 0, LinkState::Pending), "it is nobody's failure");
        assert!(link.retry_at > Some(now()));
    }
    let at = now() + CLAIM;
    assert_eq!(is(then(&contact, link(&contact), Reply::Deferred(at)).1).retry_at, Some(at));
}

#[test]
fn a_refusal_is_final_for_this_version() {
    let contact = ada();
    let refused = Reply::Failed(Failure::Refused("too long".to_owned()));
    let dead = is(then(&contact, link(&contact), refused).1);
    assert_eq!((dead.state, dead.failure.as_deref()), (LinkState::Dead, Some("too long")));
    assert_eq!(planned(&contact, Some(dead)), None);
}

#[test]
fn a_record_that_is_missing_is_waited_for_before_it_counts_as_deleted() {
    let contact = ada();
    let waiting = is(then(&contact, link(&contact), Reply::Missing).1);
    assert_eq!((waiting.state, waiting.remote_id.as_deref()), (LinkState::Failing, Some("7")));
    let since: Timestamp = now() - SignedDuration::from_mins(16);
    let (_, after) = then(&contact, Link { failing_since: Some(since), ..waiting.clone() }, Reply::Missing);
    assert!(matches!(after, Next::ToldGone(_, at) if at == since), "it was gone then already");
    // That something else has failed for long says nothing of the record.
    let other = Link { failing_since: Some(since), failure: Some("no answer".to_owned()), ..waiting };
    assert_eq!(is(then(&contact, other, Reply::Missing).1).state, LinkState::Failing);
    // One that was only looked for is sought by our id, and made if there is none.
    let unseen = Link { base: None, ..link(&contact) };
    let forgotten = is(then(&contact, unseen, Reply::Missing).1);
    assert_eq!((forgotten.remote_id, forgotten.state), (None, LinkState::Pending));
    // Where we have deleted the contact, both sides agree.
    let gone = Contact { deleted_at: Some(now()), ..contact };
    let (_, after) = then(&gone, link(&gone), Reply::Removed);
    assert!(matches!(after, Next::Buried(link) if link.state == LinkState::Synced && link.pushed_version == 2));
}

#[test]
fn two_sides_that_never_agree_are_tried_less_and_less_often_and_told() {
    let contact = ada();
    let (plan, after) = then(&contact, link(&contact), Reply::Shown { record: record("Muse"), unwritten: true });
    let Next::Told { link, written: false, .. } = after else { panic!("{after:?}") };
    let once = after_news(&plan, *link, false, now(), &settings());
    assert_eq!((once.state, once.attempts, &once.sending), (LinkState::Pending, 1, &None));
    assert!(once.retry_at <= Some(now()), "the first time it is due at once");
    let twice = after_news(&plan, once.clone(), false, now(), &settings());
    assert_eq!((twice.state, twice.attempts), (LinkState::Failing, 2));
    let written = after_news(&plan, twice, true, now(), &settings());
    assert_eq!((written.state, written.attempts, written.failing_since), (LinkState::Pending, 0, None));
    let old = Link { failing_since: Some(now() - SignedDuration::from_hours(25)), ..once };
    assert_eq!(after_news(&plan, old, false, now(), &settings()).state, LinkState::Dead);
}

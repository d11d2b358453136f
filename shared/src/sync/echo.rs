//! Our own writing, seen again: in the CRM's answer, or in a webhook that may come before it.
//!
//! What a record is compared with is its base: what was last seen of it. Once our writing is in it, that is what we wrote.
//! Then only what the CRM made of it, and what anybody changed since, are changes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::arrival::{Arrival, Source};
use super::fields::Fields;
use crate::contact::reading::Rules;
use crate::db::connections::Policy;
use crate::db::links::{Link, Sending};
use crate::mapping::{Crm, Incoming, Record};

/// What a record is compared with.
pub(super) struct Basis {
    /// The base, field by field; `None` if nothing was seen.
    pub(super) fields: Option<Fields>,
    /// The link, which knows by now that the CRM has what it was sending.
    pub(super) link: Link,
    /// What we wrote, where our writing is in the record. The CRM's answer has nobody else's changes in it.
    pub(super) written: Written,
}

/// Which fields are ours though the CRM may have given them another form.
#[derive(Debug)]
pub(super) enum Written {
    None,
    These(BTreeSet<String>),
    All,
}

impl Written {
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::These(names) => names.contains(name),
            Self::All => true,
        }
    }
}

/// Finds it.
pub(super) fn basis(
    arrival: &Arrival<'_>,
    incoming: &Incoming,
    theirs: &Fields,
    link: Link,
    now: Timestamp,
    rules: &Rules,
) -> Basis {
    let fields = |record: &Record| read(arrival.crm, record, rules);
    let base = link.base.as_ref().and_then(fields);
    let sent = link.sending.as_ref().and_then(|sending| Some((sending, fields(sending.record.as_ref()?)?)));
    let Some((Sending { version, since, .. }, sent)) = sent else {
        return Basis { fields: base, link, written: Written::None };
    };
    let may_be_new_form = || {
        let is_live = link.claimed_until.is_some_and(|until| until > now);
        is_live && arrival.connection.policy != Policy::LocalWins && arrival.at().is_some_and(|at| at >= *since)
    };
    let is_answer = arrival.source == Source::Answer(*version);
    let is_in = is_answer
        || match &base {
            Some(base) => holds(base, &sent, theirs, may_be_new_form),
            // A record that was never seen and names our contact is the one that we made.
            None => incoming.external_id == Some(link.contact_id),
        };
    if !is_in {
        return Basis { fields: base, link, written: Written::None };
    }
    let written = match &base {
        Some(base) if !is_answer => Written::These(base.differing(&sent).map(str::to_owned).collect()),
        _ => Written::All,
    };
    let pushed_version = link.pushed_version.max(*version);
    Basis { fields: Some(sent), link: Link { pushed_version, sending: None, claimed_until: None, ..link }, written }
}

/// Whether what was sent is in the record. Of what we meant to change, nothing may be as it was. If none of it is as we wrote
/// it either, the CRM may have given it a form of its own; or we never got through, and somebody else changed the same. The
/// first is likely only while we are writing, and for what changed since we began. Where ours must not be lost, it is not
/// supposed: the CRM's answer will tell.
fn holds(base: &Fields, sent: &Fields, theirs: &Fields, may_be_new_form: impl FnOnce() -> bool) -> bool {
    let meant: BTreeSet<&str> = base.differing(sent).collect();
    let none_as_before = meant.iter().all(|name| theirs.get(name) != base.get(name));
    let some_as_sent = meant.iter().any(|name| theirs.get(name) == sent.get(name));
    !meant.is_empty() && none_as_before && (some_as_sent || may_be_new_form())
}

/// A record field by field; `None` if it can't be read (any more).
pub(super) fn read(crm: &dyn Crm, record: &Record, rules: &Rules) -> Option<Fields> {
    crm.to_contact(record, rules).ok().map(|incoming| Fields::of(&incoming.profile))
}

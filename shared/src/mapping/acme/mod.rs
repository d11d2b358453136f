//! AcmeCRM.

mod address;
mod api;
#[cfg(test)]
mod laws;
mod status;
#[cfg(test)]
mod tests;
mod webhook;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::crosswalk::{self, AS_IS, Field, both, from, once};
use super::{Announced, Call, Change, Crm, Delivery, Incoming, Pass, Record};
use crate::contact::reading::Rules;
use crate::contact::{Contact, ContactPatch};
use crate::error::Result;
use address::ONE_LINE;
use status::CAPITALISED;

#[rustfmt::skip]
const CROSSWALK: &[Field] = &[
    //   theirs                 ours            transform
    both("acme_first_name",    "firstName",     AS_IS),
    both("acme_last_name",     "lastName",      AS_IS),
    both("acme_email",         "email",         AS_IS),
    both("acme_phone",         "phone",         AS_IS),
    both("acme_company",       "company",       AS_IS),
    both("acme_title",         "title",         AS_IS),
    both("acme_address",       "address",       ONE_LINE),
    both("acme_notes",         "notes",         AS_IS),
    both("acme_status",        "status",        CAPITALISED),
    both("acme_tags",          "tags",          AS_IS),
    both("acme_custom_fields", "customFields",  AS_IS),

    // What the record says of itself.
    from("id",                 "remoteId",      AS_IS),
    once("acme_external_id",   "id",            AS_IS),
    from("acme_created_at",    "createdAt",     AS_IS),
    from("acme_updated_at",    "updatedAt",     AS_IS),
    from("acme_version",       "version",       AS_IS),
];

/// AcmeCRM.
#[derive(Debug)]
pub struct AcmeCrm;

impl Crm for AcmeCrm {
    fn to_contact(&self, record: &Record, rules: &Rules) -> Result<Incoming> {
        crosswalk::to_contact(CROSSWALK, record, rules)
    }

    fn to_patch(&self, part: &Record, rules: &Rules) -> Result<ContactPatch> {
        crosswalk::to_patch(CROSSWALK, part, rules)
    }

    fn named(&self, remote_id: &str) -> Record {
        crosswalk::named(CROSSWALK, remote_id)
    }

    fn from_contact(&self, contact: &Contact, base: Option<&Record>, rules: &Rules) -> Record {
        crosswalk::from_contact(CROSSWALK, contact, base, rules)
    }

    fn is_genuine(&self, delivery: &Delivery<'_>, secrets: &[&str], now: Timestamp) -> bool {
        webhook::is_genuine(delivery, secrets, now)
    }

    fn announced(&self, body: &[u8], rules: &Rules) -> Announced {
        webhook::announced(body, rules)
    }

    fn changes(&self, body: &[u8], rules: &Rules) -> Result<Vec<Change>> {
        webhook::changes(body, rules)
    }

    fn login(&self, username: &str, password: &str) -> Call {
        api::login(username, password)
    }

    fn pass(&self, answer: &Value) -> Option<Pass> {
        api::pass(answer)
    }

    fn fetch(&self, remote_id: &str) -> Call {
        api::fetch(remote_id)
    }

    fn find(&self, external_id: Uuid) -> Call {
        api::find(external_id)
    }

    fn found(&self, answer: Value, external_id: Uuid) -> Option<Vec<Record>> {
        api::found(answer, external_id)
    }

    fn create(&self, record: Record) -> Call {
        api::create(record)
    }

    fn change(&self, remote_id: &str, part: Record, version: Option<i64>) -> Call {
        api::change(remote_id, part, version)
    }

    fn remove(&self, remote_id: &str, version: Option<i64>) -> Call {
        api::remove(remote_id, version)
    }

    fn record(&self, answer: Value) -> Option<Record> {
        api::record(answer)
    }

    fn version(&self, record: &Record) -> Option<i64> {
        record.get("acme_version").and_then(Value::as_i64)
    }
}

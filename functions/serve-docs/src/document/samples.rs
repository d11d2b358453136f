//! What the examples are about: Ada, her record in a CRM, and what happens to both.

use crosswalk::contact::reading::{Rules, read};
use crosswalk::contact::{Contact, NewContact};
use crosswalk::contacts::Answer;
use crosswalk::{Error, Request};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(super) const CONTACT: &str = "019a2b6e-5f10-7c3a-9d41-6b8f2e0c7a15";
pub(super) const CONNECTION: &str = "cn_Xo3Jb1v9QmT4";
pub(super) const REMOTE: &str = "ac_1815";
pub(super) const WEBHOOK: &str = "019a2b6f-0a44-7e11-8c02-3f5d9b7e4c60";
pub(super) const CREATED_AT: &str = "2026-01-31T12:00:00Z";
pub(super) const UPDATED_AT: &str = "2026-02-03T09:30:00.25Z";

/// What a caller gives of a contact.
pub(super) fn given() -> Value {
    json!({
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": "ada@example.com",
        "phone": "(415) 555-2671",
        "company": "Analytical Engines",
        "title": "Programmer",
        "address": {
            "street": "12 St James's Square",
            "city": "London",
            "postalCode": "SW1Y 4JH",
            "country": "GB",
        },
        "status": "active",
        "tags": ["vip"],
        "customFields": {"score": 42, "newsletter": true},
    })
}

/// The same with no more than must be there.
pub(super) fn least() -> Value {
    json!({"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"})
}

/// What is wrong with a body that has three faults.
pub(super) fn faults() -> Error {
    let body = json!({"firstName": " ", "email": "ada", "colour": "red", "lastName": "Lovelace"});
    read::<NewContact>(body, &rules()).expect_err("the body has faults")
}

/// The contact as it was made.
pub(super) fn contact() -> Contact {
    let new: NewContact = read(given(), &rules()).expect("the body has no faults");
    Contact {
        id: parsed(CONTACT),
        profile: new.profile,
        version: 1,
        created_at: parsed(CREATED_AT),
        updated_at: parsed(CREATED_AT),
        deleted_at: None,
    }
}

/// The contact after a change.
pub(super) fn changed() -> Contact {
    let mut contact = Contact { version: 2, updated_at: parsed(UPDATED_AT), ..contact() };
    contact.profile.company = None;
    contact
}

/// The contact after it was deleted.
pub(super) fn deleted() -> Contact {
    Contact { version: 3, deleted_at: Some(parsed(UPDATED_AT)), ..changed() }
}

/// A contact as a use case answers it.
pub(super) fn answer(contact: &Contact) -> Answer {
    Answer { id: contact.id, version: contact.version, json: contact.to_json().to_string() }
}

/// A contact together with its links.
pub(super) fn with_links() -> Value {
    let mut json = contact().to_json();
    json["links"] =
        json!([{"connection": CONNECTION, "remoteId": REMOTE, "state": "synced", "syncedAt": "2026-01-31T12:00:02Z"}]);
    json
}

/// Ada's record in the CRM.
pub(super) fn record() -> Value {
    json!({
        "id": REMOTE,
        "acme_first_name": "Ada",
        "acme_last_name": "Lovelace",
        "acme_email": "ada@example.com",
        "acme_phone": "+14155552671",
        "acme_address": "12 St James's Square, London, SW1Y 4JH, GB",
        "acme_status": "Active",
        "acme_tags": ["vip"],
        "acme_custom_fields": {"score": 42, "newsletter": true},
        "acme_updated_at": CREATED_AT,
        "acme_version": 3,
    })
}

/// A request that asks nothing in particular.
pub(super) fn request() -> Request {
    Request::default()
}

/// Something that is written as text in examples.
pub(super) fn parsed<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(json!(text)).expect("the sample can be read")
}

fn rules() -> Rules {
    Rules { phone_region: "US".to_owned() }
}

//! What holds for every contact and every record that is taken at all.

use std::sync::LazyLock;

use crosswalk::contact::reading::{Rules, read};
use crosswalk::contact::{Contact, NewContact, Profile};
use crosswalk::error::Error;
use crosswalk::http::{Exchange, Request, refusal};
use crosswalk::mapping::{Crm, Record, crm};
use serde_json::{Value, json};

/// The rules of a deployment that says nothing of them.
pub static RULES: LazyLock<Rules> = LazyLock::new(|| Rules { phone_region: "US".to_owned() });

/// The CRM whose forms are tried.
pub fn acme() -> &'static dyn Crm {
    crm("acme").unwrap()
}

/// A record of a CRM with nothing in it but what must be there.
pub fn record() -> Record {
    let record =
        json!({"id": "r-1", "acme_first_name": "Ada", "acme_last_name": "Lovelace", "acme_email": "ada@example.com"});
    serde_json::from_value(record).unwrap()
}

/// A profile with nothing in it but what must be there.
pub fn ada() -> Profile {
    let body = json!({"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com"});
    read::<NewContact>(body, &RULES).unwrap().profile
}

/// What we give out is taken back as the same.
pub fn is_taken_back(profile: &Profile, rules: &Rules) {
    let again = read::<NewContact>(json!(profile), rules).expect("what we give out is good");
    assert_eq!(again.profile, *profile);
}

/// A record that can be read is written back to the letter, and its contact is the same in a record of its own.
pub fn there_and_back(record: &Record, rules: &Rules) {
    let profile = match acme().to_contact(record, rules) {
        Ok(incoming) => incoming.profile,
        Err(error) => return is_answered(&error, 422),
    };
    is_taken_back(&profile, rules);
    let contact = Contact::create(profile);
    assert_eq!(acme().from_contact(&contact, Some(record), rules), *record);
    assert_eq!(acme().to_push(&contact, record, rules), Record::new());
    is_written_anew(&contact, rules);
}

/// A contact that was written into a new record is read back from it.
pub fn is_written_anew(contact: &Contact, rules: &Rules) {
    let record = acme().from_contact(contact, None, rules);
    let incoming = acme().to_contact(&record, rules).expect("what we write is good");
    assert_eq!((incoming.profile, incoming.external_id), (contact.profile.clone(), Some(contact.id)));
}

/// An error is a fault of who sent something, is told with this status, and can be told: as JSON, and as a reason to keep.
pub fn is_answered(error: &Error, status: u16) {
    static EXCHANGE: LazyLock<std::sync::Arc<Exchange>> = LazyLock::new(|| Exchange::begin(&mut Request::default()).0);
    let answer = refusal(error, &EXCHANGE);
    assert_eq!(answer.status(), status, "{error:?}");
    let problem: Value = serde_json::from_slice(answer.body()).expect("a problem is JSON");
    assert_eq!(problem["status"], status);
    if let Error::Invalid(faults) = error {
        assert!(
            !faults.is_empty() && faults.iter().all(|fault| fault.pointer.is_empty() || fault.pointer.starts_with('/'))
        );
    }
    let reason = error.reason();
    assert!(!reason.is_empty() && reason.chars().count() <= 1_000 && !reason.contains('\0'));
}

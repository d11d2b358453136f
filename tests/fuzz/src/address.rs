//! Addresses: of one line there, of five parts here.

use crosswalk::contact::reading::read;
use crosswalk::contact::{Contact, NewContact};
use serde_json::{Value, json};

use crate::laws::{RULES, acme, ada, is_answered, is_written_anew, record, there_and_back};

const PARTS: [&str; 5] = ["street", "city", "state", "postalCode", "country"];

/// The first line is an address as the CRM has it; it and those after it are the parts of one as we have it.
pub fn address(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut record = record();
    record.insert("acme_address".to_owned(), json!(text.lines().next().unwrap_or_default()));
    there_and_back(&record, &RULES);

    let mut body = json!(ada());
    body["address"] = PARTS.into_iter().map(str::to_owned).zip(text.lines().map(Value::from)).collect();
    let profile = match read::<NewContact>(body, &RULES) {
        Ok(new) => new.profile,
        Err(error) => return is_answered(&error, 422),
    };
    let contact = Contact::create(profile);
    is_written_anew(&contact, &RULES);
    // Over the other address, it is all that changes.
    if acme().to_contact(&record, &RULES).is_ok() {
        let changes = acme().to_push(&contact, &record, &RULES);
        assert!(changes.keys().all(|name| name == "acme_address"), "{changes:?}");
        record.extend(changes);
        assert_eq!(acme().to_contact(&record, &RULES).unwrap().profile, contact.profile);
    }
}

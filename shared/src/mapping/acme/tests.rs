//! A record there and back, told in examples.

use serde_json::{Value, json};

use crate::contact::reading::Rules;
use crate::contact::{Contact, Profile};
use crate::error::Error;
use crate::mapping::{Crm, Incoming, Record, Stamp, crm};

pub fn acme() -> &'static dyn Crm {
    crm("acme").expect("the CRM is known")
}

pub fn rules() -> Rules {
    Rules { phone_region: "US".into() }
}

pub fn record(json: Value) -> Record {
    let Value::Object(record) = json else { panic!("a record is an object") };
    record
}

fn adas_record() -> Record {
    record(json!({
        "id": "acme_123",
        "acme_first_name": "Ada",
        "acme_last_name": "Lovelace",
        "acme_email": "ada@Example.com",
        "acme_phone": "(415) 555-2671",
        "acme_company": "Analytical Engines",
        "acme_title": "Countess",
        "acme_address": "123 Main St, San Francisco, CA 94105, USA",
        "acme_notes": "Met in\nLondon",
        "acme_status": "Lead",
        "acme_tags": ["vip", "vip", " math "],
        "acme_custom_fields": {"score": 7.0, "gone": null, "member": true},
        "acme_external_id": "0190f0e0-0000-7000-8000-000000000001",
        "acme_created_at": "2026-01-01T00:00:00Z",
        "acme_updated_at": "2026-01-02T03:04:05.123456789+01:00",
        "acme_version": 4,
        "acme_owner": {"id": 9, "since": 1.50},
    }))
}

fn without(mut record: Record, names: &[&str]) -> Record {
    record.retain(|name, _| !names.contains(&name.as_str()));
    record
}

fn with(mut record: Record, name: &str, value: Value) -> Record {
    record.insert(name.to_owned(), value);
    record
}

fn read(record: &Record) -> Incoming {
    acme().to_contact(record, &rules()).expect("the record is good")
}

fn refused(record: &Record) -> Vec<(String, &'static str)> {
    let Err(Error::Invalid(faults)) = acme().to_contact(record, &rules()) else { panic!("the record was taken") };
    faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
}

fn contact(profile: Profile) -> Contact {
    Contact::create(profile)
}

fn stamp(at: &str, version: Option<i64>) -> Stamp {
    Stamp { at: at.parse().expect("a time"), version }
}

#[test]
fn a_record_is_read_in_our_form() {
    let incoming = read(&adas_record());
    assert_eq!(incoming.remote_id.as_deref(), Some("acme_123"));
    assert_eq!(incoming.external_id.map(|id| id.to_string()).as_deref(), Some("0190f0e0-0000-7000-8000-000000000001"));
    assert_eq!(incoming.stamp, Some(stamp("2026-01-02T02:04:05.123456Z", Some(4))), "rounded down");
    assert_eq!(
        json!(incoming.profile),
        json!({
            "firstName": "Ada",
            "lastName": "Lovelace",
            "email": "ada@example.com",
            "phone": "+14155552671",
            "company": "Analytical Engines",
            "title": "Countess",
            "address": {
                "street": "123 Main St",
                "city": "San Francisco",
                "state": "CA",
                "postalCode": "94105",
                "country": "USA",
            },
            "notes": "Met in\nLondon",
            "status": "lead",
            "tags": ["vip", "math"],
            "customFields": {"score": 7, "member": true},
        })
    );
}

#[test]
fn a_new_record_carries_our_id_and_nothing_that_is_theirs_to_set() {
    let contact = contact(read(&adas_record()).profile);
    let made = acme().from_contact(&contact, None, &rules());
    assert_eq!(
        made,
        record(json!({
            "acme_first_name": "Ada",
            "acme_last_name": "Lovelace",
            "acme_email": "ada@example.com",
            "acme_phone": "+14155552671",
            "acme_company": "Analytical Engines",
            "acme_title": "Countess",
            "acme_address": "123 Main St, San Francisco, CA 94105, USA",
            "acme_notes": "Met in\nLondon",
            "acme_status": "Lead",
            "acme_tags": ["vip", "math"],
            "acme_custom_fields": {"score": 7, "member": true},
            "acme_external_id": contact.id,
        }))
    );
}

#[test]
fn what_means_the_same_stays_to_the_letter() {
    let base = adas_record();
    let contact = contact(read(&base).profile);
    assert_eq!(acme().from_contact(&contact, Some(&base), &rules()), base);
    assert!(acme().to_push(&contact, &base, &rules()).is_empty());

    let sparse = without(base, &["acme_status", "acme_tags", "acme_custom_fields", "acme_phone", "acme_external_id"]);
    let sparse = with(sparse, "acme_title", json!("  "));
    let contact = self::contact(read(&sparse).profile);
    assert_eq!(acme().from_contact(&contact, Some(&sparse), &rules()), sparse, "a default is not spelt out");
}

#[test]
fn only_what_differs_is_written() {
    let base = adas_record();
    let mut profile = read(&base).profile;
    profile.phone = None;
    profile.address.as_mut().expect("Ada has one").postal_code = None;
    profile.custom_fields.0.remove("score");
    let contact = contact(profile);
    let changes = acme().to_push(&contact, &base, &rules());
    assert_eq!(
        changes,
        record(json!({
            "acme_phone": null,
            "acme_address": "123 Main St, San Francisco, CA, USA",
            "acme_custom_fields": {"member": true},
        }))
    );
}

#[test]
fn what_cannot_be_read_is_written_anew() {
    let base = with(with(adas_record(), "acme_phone", json!(4155)), "acme_status", json!("Prospect"));
    let base = without(base, &["acme_last_name"]);
    let changes = acme().to_push(&contact(read(&adas_record()).profile), &base, &rules());
    assert_eq!(
        changes,
        record(json!({"acme_phone": "+14155552671", "acme_status": "Lead", "acme_last_name": "Lovelace"}))
    );
}

#[test]
fn all_faults_come_at_once_and_point_into_the_record() {
    let bad = record(json!({
        "id": 5,
        "acme_first_name": " ",
        "acme_email": "nobody",
        "acme_phone": 4155,
        "acme_company": "x".repeat(201),
        "acme_title": "a\u{7}b",
        "acme_address": {"street": "an object"},
        "acme_notes": [],
        "acme_status": "active",
        "acme_tags": ["good", "", 3],
        "acme_custom_fields": {"a/b": [], "": 1},
        "acme_external_id": 17,
        "acme_updated_at": "yesterday",
        "acme_version": 1.5,
        "acme_mood": [null],
    }));
    let mut faults = refused(&bad);
    faults.sort();
    let expected = [
        ("/acme_address", "type"),
        ("/acme_company", "too_long"),
        ("/acme_custom_fields/", "blank"),
        ("/acme_custom_fields/a~1b", "type"),
        ("/acme_email", "invalid"),
        ("/acme_first_name", "blank"),
        ("/acme_last_name", "required"),
        ("/acme_notes", "type"),
        ("/acme_phone", "type"),
        ("/acme_status", "invalid"),
        ("/acme_tags/1", "blank"),
        ("/acme_tags/2", "type"),
        ("/acme_title", "control_character"),
        ("/acme_updated_at", "invalid"),
        ("/acme_version", "type"),
        ("/id", "type"),
    ];
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
}

#[test]
fn an_address_is_of_one_piece_in_its_faults_too() {
    let refused_line = |line: &str| refused(&with(adas_record(), "acme_address", json!(line)));
    let long = "x".repeat(201);
    assert_eq!(refused_line(&long), [("/acme_address".to_owned(), "too_long")]);
    assert_eq!(refused_line(&format!("{long}, {long}, CA 94105, USA")), [("/acme_address".to_owned(), "too_long")]);
    for line in ["1 Main\u{0}St, Paris, , FR", "1 Main St,\nParis, , FR"] {
        assert_eq!(refused_line(line), [("/acme_address".to_owned(), "control_character")]);
    }
    let places = format!("{0}, {0}, {0} 1000, {0}", "x".repeat(150));
    assert!(read(&with(adas_record(), "acme_address", json!(places))).profile.address.is_some(), "no part is too long");
}

#[test]
fn a_record_as_a_whole_can_be_too_large() {
    let fields: Record = (0..50).map(|n| (format!("field {n}"), json!("x".repeat(400)))).collect();
    assert_eq!(refused(&with(adas_record(), "acme_custom_fields", json!(fields))), [(String::new(), "too_large")]);
}

#[test]
fn the_record_s_id_is_one_line_of_bounded_length() {
    for (id, code) in [
        (json!(["x"]), "type"),
        (json!("  "), "blank"),
        (json!("x".repeat(201)), "too_long"),
        (json!("a\nb"), "control_character"),
    ] {
        assert_eq!(refused(&with(adas_record(), "id", id)), [("/id".to_owned(), code)]);
    }
    assert_eq!(read(&without(adas_record(), &["id"])).remote_id, None);
    assert_eq!(read(&with(adas_record(), "id", json!(null))).remote_id, None);
}

#[test]
fn somebody_else_s_external_id_is_no_fault() {
    for foreign in [json!("crm-7"), json!(""), json!(7), json!({"id": 1}), json!(null)] {
        let record = with(adas_record(), "acme_external_id", foreign);
        let incoming = read(&record);
        assert_eq!(incoming.external_id, None);
        let kept = acme().from_contact(&contact(incoming.profile), Some(&record), &rules());
        assert_eq!(kept, record, "it stays theirs");
    }
}

#[test]
fn stamps_are_ordered_by_the_clock_and_then_by_the_version() {
    let with_stamp = |at: Value, version: Value| {
        read(&with(with(adas_record(), "acme_updated_at", at), "acme_version", version)).stamp
    };
    let first = with_stamp(json!("2026-01-01T00:00:00Z"), json!(9));
    let second = with_stamp(json!("2026-01-01T01:00:01+01:00"), json!(null));
    let third = with_stamp(json!("2026-01-01T00:00:01Z"), json!(1));
    let fourth = with_stamp(json!("2026-01-01T00:00:01.000000999Z"), json!(2.0));
    assert!(first < second && second < third && third < fourth);
    assert_eq!(fourth, Some(stamp("2026-01-01T00:00:01Z", Some(2))));
    assert_eq!(with_stamp(json!(null), json!(3)), None, "without a clock there is no order");
    let before_1970 = with_stamp(json!("1969-12-31T23:59:59.9999999Z"), json!(null));
    assert_eq!(before_1970, Some(stamp("1969-12-31T23:59:59.999999Z", None)), "down, not towards zero");
    for no_time in ["2026-01-01", "2026-01-01T00:00:00", "-000044-03-15T00:00:00Z"] {
        let record = with(adas_record(), "acme_updated_at", json!(no_time));
        assert_eq!(refused(&record), [("/acme_updated_at".to_owned(), "invalid")]);
    }
}

#[test]
fn a_part_of_a_record_changes_just_what_it_has() {
    let before = read(&adas_record()).profile;
    let part = record(json!({
        "id": "acme_123",
        "acme_version": 5,
        "acme_updated_at": "yesterday",
        "acme_address": "1 Rue Foch, Paris, , FR",
        "acme_title": null,
        "acme_custom_fields": {"member": null, "level": 2},
        "acme_mood": "good",
    }));
    let patch = acme().to_patch(&part, &rules()).expect("the part is good");
    assert_eq!(patch.version, None, "the record's version is not the contact's");
    let after = patch.apply(&before, &rules()).expect("it fits");
    let mut expected = json!(before);
    expected["address"] = json!({"street": "1 Rue Foch", "city": "Paris", "country": "FR"});
    expected.as_object_mut().expect("an object").remove("title");
    expected["customFields"] = json!({"score": 7, "level": 2});
    assert_eq!(json!(after), expected, "nothing of the old address is left");

    let Err(Error::Invalid(faults)) = acme().to_patch(&record(json!({"acme_email": null})), &rules()) else {
        panic!("what must be there can't be removed");
    };
    assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("/acme_email", "required"));
}

#[test]
fn only_known_crms_are_known() {
    assert!(crm("acme").is_some());
    assert!(crm("Acme").is_none() && crm("").is_none());
}

//! Records, without a server.

use serde_json::{Value, json};

use super::{Members, Record, check, normalise};
use crate::problem::Problem;

fn members(value: &Value) -> Members {
    Members::read(value.to_string().as_bytes()).unwrap().0
}

fn record(value: &Value) -> Record {
    Record::new(members(value))
}

fn ada() -> Record {
    record(&json!({"acme_first_name": "Ada", "acme_last_name": "Lovelace", "acme_email": "ada@example.com"}))
}

fn seen(record: &Record) -> Value {
    serde_json::to_value(record).unwrap()
}

fn faults(value: &Value) -> Vec<String> {
    match check(&record(value)) {
        Err(Problem::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_body_can_set_neither_id_nor_version_nor_time_of_change() {
    let mut record = ada();
    let before = record.clone();
    record.merge(members(&json!({"id": "mine", "acme_version": 9, "acme_updated_at": "2001-01-01T00:00:00Z"})));
    assert_eq!(record, before);
}

#[test]
fn each_change_is_later_than_the_one_before() {
    let mut record = ada();
    for version in 2..200 {
        let before = record.updated().unwrap();
        record.touch();
        assert!(record.updated().unwrap() > before);
        assert_eq!(record.version(), version);
    }
}

#[test]
fn a_clock_that_was_set_back_makes_no_change_earlier_than_the_one_before() {
    let mut record = ada();
    record.0.insert("acme_updated_at".to_owned(), "2999-01-02T03:04:05.000006Z".into());
    record.touch();
    assert_eq!(seen(&record)["acme_updated_at"], "2999-01-02T03:04:05.000007Z");
}

#[test]
fn a_merge_replaces_an_object_as_a_whole_and_removes_what_is_null() {
    let mut record = ada();
    record.merge(members(&json!({"acme_custom_fields": {"a": 1, "b": 2}, "acme_phone": "1", "unknown": [1]})));
    record.merge(members(&json!({"acme_custom_fields": {"b": 3}, "acme_phone": null, "acme_created_at": null})));
    let seen = seen(&record);
    assert_eq!(seen["acme_custom_fields"], json!({"b": 3}));
    assert_eq!(seen["unknown"], json!([1]));
    assert!(seen.get("acme_phone").is_none());
    assert!(seen["acme_created_at"].is_string());
}

#[test]
fn a_replacement_keeps_only_what_the_crm_and_its_partner_know_it_by() {
    let mut record = ada();
    record.merge(members(&json!({"acme_external_id": "ours", "acme_notes": "gone", "unknown": 1})));
    let before = seen(&record);
    record.replace(members(&json!({"acme_first_name": "Grace", "acme_last_name": "Hopper", "acme_email": "g@x.org"})));
    let after = seen(&record);
    for kept in ["id", "acme_external_id", "acme_created_at"] {
        assert_eq!(after[kept], before[kept]);
    }
    assert_eq!((after.get("acme_notes"), after.get("unknown")), (None, None));
}

#[test]
fn every_fault_is_found_at_once() {
    let found = faults(&json!({
        "acme_first_name": " ", "acme_email": "nobody", "acme_phone": 1, "acme_status": "active",
        "acme_tags": [1], "acme_custom_fields": [], "acme_created_at": "yesterday",
    }));
    let all = [
        "acme_first_name",
        "acme_last_name",
        "acme_email",
        "acme_phone",
        "acme_status",
        "acme_tags",
        "acme_custom_fields",
        "acme_created_at",
    ];
    assert_eq!(found, all);
}

#[test]
fn a_normalising_crm_has_a_form_of_its_own_and_keeps_it() {
    let mut record = record(&json!({
        "acme_first_name": "  ada  king ", "acme_last_name": "lovelace", "acme_email": "Ada@Example.COM",
        "acme_phone": "+1 415 555 2671", "acme_tags": ["VIP", "Early"],
    }));
    normalise(&mut record);
    let once = record.clone();
    normalise(&mut record);
    assert_eq!(record, once);
    let seen = seen(&record);
    assert_eq!((&seen["acme_first_name"], &seen["acme_last_name"]), (&json!("Ada king"), &json!("Lovelace")));
    assert_eq!(seen["acme_email"], "ada@example.com");
    assert_eq!(seen["acme_phone"], "(415) 555-2671");
    assert_eq!(seen["acme_tags"], json!(["early", "vip"]));
}

#[test]
fn a_number_of_another_country_stays_as_it_is() {
    for number in ["+44 20 7946 0958", "+49301234567", "12345", "call me", "+4930123456"] {
        let mut record = ada();
        record.merge(members(&json!({"acme_phone": number})));
        normalise(&mut record);
        assert_eq!(seen(&record)["acme_phone"], number);
    }
}

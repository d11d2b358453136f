//! What holds for every record and every contact: there and back loses nothing.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use super::CROSSWALK;
use super::tests::{acme, rules};
use crate::contact::reading::read;
use crate::contact::{Contact, NewContact, Profile};
use crate::mapping::Record;
use crate::mapping::crosswalk::Field;

/// What a CRM's user may have typed: spaces around, commas, quotes, letters of any script.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z]{1,12}", " {0,2}[A-Za-z0-9,.'\"{}]{1,12} {0,2}", "\\PC{1,20}"]
        .prop_filter("a text that is there", |text| !text.trim().is_empty())
}

/// A member that may be absent, null, blank, or there.
fn maybe(there: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    prop_oneof![1 => Just(None), 1 => Just(Some(Value::Null)), 4 => there.prop_map(Some)].boxed()
}

fn email() -> impl Strategy<Value = Value> {
    "[a-zA-Z][a-zA-Z0-9.]{0,8}[a-z]@[a-zA-Z]{1,8}\\.(com|ORG|de)"
        .prop_filter("no dots in a row", |text| !text.contains(".."))
        .prop_map(Value::from)
}

fn phone() -> impl Strategy<Value = Value> {
    let some = ["(415) 555-2671", "+14155552671", "+49 30 901820", "call reception", "415.555.2671 ext. 5", " 12 "];
    prop_oneof![select(some.to_vec()).prop_map(Value::from), "[0-9+() -]{0,8}[0-9]".prop_map(Value::from)]
}

/// Whatever a place of an address might hold, right or wrong.
fn place() -> impl Strategy<Value = String> {
    let some =
        ["", "CA", "94105", "CA 94105", "SW1A 1AA", "10115 Berlin", "USA", "USA 1", "San Francisco", "12 Main St"];
    prop_oneof![select(some.to_vec()).prop_map(str::to_owned), typed(), Just("a\u{a0}5".to_owned())]
}

fn line() -> impl Strategy<Value = Value> {
    let places = (vec(place(), 1..6), select(&[",", ", ", " , "][..])).prop_map(|(places, comma)| places.join(comma));
    let objects = address().prop_map(|parts| parts.to_string());
    prop_oneof![4 => places, 1 => objects].prop_map(Value::from)
}

fn address() -> impl Strategy<Value = Value> {
    [option::of(place()), option::of(place()), option::of(place()), option::of(place()), option::of(place())].prop_map(
        |parts| {
            let names = ["street", "city", "state", "postalCode", "country"].map(str::to_owned);
            names.into_iter().zip(parts).filter_map(|(name, part)| Some((name, part?))).collect()
        },
    )
}

fn tags() -> impl Strategy<Value = Value> {
    vec(prop_oneof![select(&["vip", " vip ", "vip"][..]).prop_map(str::to_owned), typed()], 0..5).prop_map(Value::from)
}

fn custom_fields() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(&[7.0, -0.0, 1e17, 0.1, 1e300][..]).prop_map(Value::from),
    ];
    let value =
        prop_oneof![number, any::<bool>().prop_map(Value::from), "\\PC{0,9}".prop_map(Value::from), Just(json!(null))];
    btree_map("[a-zA-Z/~ ]{0,6}[a-z]", value, 0..5).prop_map(|fields| fields.into_iter().collect())
}

fn unknown() -> impl Strategy<Value = Record> {
    let leaf = prop_oneof![Just(json!(null)), any::<f64>().prop_map(Value::from), ".{0,6}".prop_map(Value::from)];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-z]{0,3}", inner, 0..3).prop_map(|members| members.into_iter().collect()),
        ]
    });
    btree_map("(acme_|x)[a-z]{1,3}", value, 0..4).prop_map(|members| members.into_iter().collect())
}

/// A record that we take, with all the oddities it may have.
fn a_record() -> impl Strategy<Value = Record> {
    let text = || typed().prop_map(Value::from);
    let status = || select(&["Active", "Inactive", "Lead"][..]).prop_map(Value::from);
    let required = (text(), text(), email());
    let texts = (maybe(phone()), maybe(text()), maybe(text()), maybe(line()), maybe(text()));
    let rest = (maybe(status()), maybe(tags()), maybe(custom_fields()));
    let header = (maybe(Just(json!("r-1"))), maybe(text()), maybe(Just(json!("2026-01-01T00:00:00.1234567Z"))));
    (required, texts, rest, header, unknown()).prop_map(|(required, texts, rest, header, mut record)| {
        let members = [
            ("acme_first_name", Some(required.0)),
            ("acme_last_name", Some(required.1)),
            ("acme_email", Some(required.2)),
            ("acme_phone", texts.0),
            ("acme_company", texts.1),
            ("acme_title", texts.2),
            ("acme_address", texts.3),
            ("acme_notes", texts.4),
            ("acme_status", rest.0),
            ("acme_tags", rest.1),
            ("acme_custom_fields", rest.2),
            ("id", header.0),
            ("acme_external_id", header.1),
            ("acme_updated_at", header.2),
        ];
        record.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        record
    })
}

/// A contact's profile: whatever our own reader takes.
fn a_profile() -> impl Strategy<Value = Profile> {
    let text = || typed().prop_map(Value::from);
    let status = select(&["active", "inactive", "lead"][..]).prop_map(Value::from);
    let required = (text(), text(), email());
    let texts = (maybe(phone()), maybe(text()), maybe(text()), maybe(address()), maybe(text()));
    let rest = (maybe(status), maybe(tags()), maybe(custom_fields()));
    (required, texts, rest).prop_map(|(required, texts, rest)| {
        let members = [
            ("firstName", Some(required.0)),
            ("lastName", Some(required.1)),
            ("email", Some(required.2)),
            ("phone", texts.0),
            ("company", texts.1),
            ("title", texts.2),
            ("address", texts.3),
            ("notes", texts.4),
            ("status", rest.0),
            ("tags", rest.1),
            ("customFields", rest.2),
        ];
        let body: Map<_, _> = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        read::<NewContact>(Value::Object(body), &rules()).expect("the body is good").profile
    })
}

/// The fields of a contact, by their names in the table.
fn field() -> impl Strategy<Value = (&'static str, &'static str)> {
    select(CROSSWALK.iter().filter_map(Field::of_contact).collect::<Vec<_>>())
}

/// A profile with one field, named as ours, from another.
fn with_one_of(profile: &Profile, ours: &str, other: &Profile) -> Profile {
    let (mut body, other) = (json!(profile), json!(other));
    match other.get(ours) {
        Some(value) => body[ours] = value.clone(),
        None => drop(body.as_object_mut().and_then(|members| members.remove(ours))),
    }
    read::<NewContact>(body, &rules()).expect("both were good").profile
}

fn of_record(record: &Record) -> Profile {
    acme().to_contact(record, &rules()).expect("the record is good").profile
}

fn applied(changes: Record, base: &Record) -> Record {
    let mut record = base.clone();
    for (name, value) in changes {
        if value.is_null() {
            record.remove(&name)
        } else {
            record.insert(name, value)
        };
    }
    record
}

proptest! {
    // Few cases: reading a phone number takes long in an unoptimised build.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_record_that_was_read_is_written_back_to_the_letter(record in a_record()) {
        let contact = Contact::create(of_record(&record));
        prop_assert_eq!(acme().from_contact(&contact, Some(&record), &rules()), record.clone());
        prop_assert!(acme().to_push(&contact, &record, &rules()).is_empty());
    }

    #[test]
    fn a_contact_that_was_written_anew_is_read_back(profile in a_profile()) {
        let contact = Contact::create(profile);
        let incoming = acme().to_contact(&acme().from_contact(&contact, None, &rules()), &rules());
        let incoming = incoming.expect("what we write is good");
        prop_assert_eq!(incoming.profile, contact.profile);
        prop_assert_eq!(incoming.external_id, Some(contact.id));
    }

    #[test]
    fn a_changed_field_changes_just_its_member(base in a_record(), other in a_profile(), (theirs, ours) in field()) {
        let before = of_record(&base);
        let contact = Contact::create(with_one_of(&before, ours, &other));
        let changes = acme().to_push(&contact, &base, &rules());
        let names: Vec<_> = changes.keys().map(String::as_str).collect();
        prop_assert_eq!(names, if contact.profile == before { vec![] } else { vec![theirs] });
        let record = acme().from_contact(&contact, Some(&base), &rules());
        prop_assert_eq!(applied(changes, &base), record.clone());
        prop_assert_eq!(of_record(&record), contact.profile);
    }

    #[test]
    fn a_part_of_a_record_touches_just_its_fields(whole in a_record(), before in a_profile(), (theirs, ours) in field()) {
        let part: Record = whole.get(theirs).map(|value| (theirs.to_owned(), value.clone())).into_iter().collect();
        let is_there = !part.is_empty();
        let patch = acme().to_patch(&part, &rules()).expect("the record is good");
        let after = patch.apply(&before, &rules()).expect("it fits");
        let from = if is_there { of_record(&whole) } else { before.clone() };
        let mut expected = with_one_of(&before, ours, &from);
        if ours == "customFields" && !part.get(theirs).is_none_or(Value::is_null) {
            // They change one by one.
            expected.custom_fields.0 = before.custom_fields.0.clone();
            expected.custom_fields.0.extend(from.custom_fields.0);
            let gone = part[theirs].as_object().into_iter().flatten().filter(|(_, value)| value.is_null());
            gone.for_each(|(name, _)| drop(expected.custom_fields.0.remove(name)));
        }
        prop_assert_eq!(after, expected);
    }
}

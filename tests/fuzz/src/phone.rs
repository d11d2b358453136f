//! Phone numbers: E.164 where one can be told, else as given.

use crosswalk::contact::Phone;
use crosswalk::contact::reading::{Rules, read};
use serde_json::{Value, json};

use crate::laws::{is_answered, record, there_and_back};

/// The first line is a region, what comes after it a number.
pub fn phone(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (region, given) = text.split_once('\n').unwrap_or(("US", &text));
    let rules = Rules { phone_region: region.to_owned() };
    let number = match kept(given, &rules) {
        Ok(number) => number,
        Err(error) => return is_answered(&error, 422),
    };
    assert!(number.chars().count() <= 50, "{number}");
    assert_eq!(kept(&number, &rules).unwrap(), number, "it stays what it became");
    if number != given.trim() {
        is_e164(&number);
    }
    let mut record = record();
    record.insert("acme_phone".to_owned(), json!(given));
    there_and_back(&record, &rules);
}

/// What became another number has its country in it: it is the same wherever it is read, and wherever it is dialled.
fn is_e164(number: &str) {
    let digits = number.strip_prefix('+').expect("it has its country in it");
    assert!((1..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()), "{number}");
    for (region, abroad) in [("US", "011"), ("DE", "00"), ("IT", "00"), ("nowhere", "+")] {
        let rules = Rules { phone_region: region.to_owned() };
        assert_eq!(kept(number, &rules).unwrap(), number, "in {region}");
        let dialled = format!("{abroad}{digits}");
        let there = kept(&dialled, &rules).unwrap();
        assert!(there == number || there == dialled, "{dialled} is not {there} in {region}");
    }
}

fn kept(given: &str, rules: &Rules) -> crosswalk::Result<String> {
    read::<Phone>(Value::from(given), rules).map(|phone| phone.as_str().to_owned())
}

//! The CRM's own form of values, which it puts them into when that fault is on.

use serde_json::Value;

use super::{EMAIL, Record};

/// Names and telephone numbers tidied up, addresses and tags in small letters, tags in order.
pub(crate) fn normalise(record: &mut Record) {
    for (name, tidy) in [
        ("acme_first_name", person as fn(&str) -> String),
        ("acme_last_name", person),
        (EMAIL, email),
        ("acme_phone", phone),
    ] {
        if let Some(Value::String(text)) = record.0.get_mut(name) {
            *text = tidy(text);
        }
    }
    if let Some(Value::Array(tags)) = record.0.get_mut("acme_tags") {
        let mut sorted: Vec<String> = tags.iter().filter_map(Value::as_str).map(str::to_lowercase).collect();
        sorted.sort();
        *tags = sorted.into_iter().map(Value::String).collect();
    }
}

fn person(name: &str) -> String {
    let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn email(address: &str) -> String {
    address.trim().to_lowercase()
}

/// As it is written in the United States, if it is a number of theirs.
fn phone(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let national = match digits.len() {
        10 if !number.contains('+') => &digits[..],
        11 if digits.starts_with('1') => &digits[1..],
        _ => return number.to_owned(),
    };
    format!("({}) {}-{}", &national[..3], &national[3..6], &national[6..])
}

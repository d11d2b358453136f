//! An address on one line: `123 Main St, San Francisco, CA 94105, USA`.
//!
//! The commas tell the places: street (which may have commas of its own), city, region, country. A line is taken apart
//! only if each place holds what belongs there, else it is kept whole as the street: a wrong guess would be worse.
//! Whatever we write is read back as the same address, because it is written in the first form of which that is true.

use serde_json::{Map, Value};

use crate::mapping::crosswalk::{Flaw, Transform};

/// One line there, parts here.
pub const ONE_LINE: Transform = Transform { read, write };

const NAMES: [&str; 5] = ["street", "city", "state", "postalCode", "country"];

/// The parts, in the order of `NAMES`; none of them blank or untrimmed.
type Parts = [Option<String>; 5];

/// Every part gets a member, `null` if it is not there: a line that comes replaces the whole address.
fn read(theirs: &Value) -> Result<Value, Flaw> {
    let Value::String(line) = theirs else {
        return Err(Flaw { code: "type", detail: "must be a string" });
    };
    if line.trim().chars().any(char::is_control) {
        return Err(Flaw { code: "control_character", detail: "must not contain control characters" });
    }
    Ok(NAMES.into_iter().map(str::to_owned).zip(parse(line).map(Value::from)).collect())
}

fn write(ours: &Value) -> Value {
    Value::from(format(&NAMES.map(|name| ours.get(name).and_then(Value::as_str).map(str::to_owned))))
}

fn parse(line: &str) -> Parts {
    let line = line.trim();
    as_object(line).or_else(|| as_places(line)).unwrap_or_else(|| [part(line), None, None, None, None])
}

fn format(parts: &Parts) -> String {
    let [street, city, state, postal_code, country] = parts.each_ref().map(Option::as_deref);
    let region = [state, postal_code].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let places = [street, city, (!region.is_empty()).then_some(region.as_str()), country];
    let given = places.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let all = places.map(Option::unwrap_or_default).join(", ");
    // A street alone is itself in the first form. In the second, the commas count the places that are empty.
    let line = [given.as_str(), all.trim()].into_iter().find(|line| parse(line) == *parts);
    line.map_or_else(|| object(parts).to_string(), str::to_owned)
}

/// The last resort, for parts that no line of places can hold: the address's JSON. Only what we would write ourselves
/// is read so.
fn as_object(line: &str) -> Option<Parts> {
    if !line.starts_with('{') {
        return None;
    }
    let members: Map<String, Value> = serde_json::from_str(line).ok()?;
    let parts = NAMES.map(|name| members.get(name).and_then(Value::as_str).map(str::to_owned));
    let whole = !members.is_empty() && object(&parts) == Value::Object(members);
    (whole && parts.iter().flatten().all(|text| is_part(text))).then_some(parts)
}

/// Reads the places from the right. One of them less, and a street could not be told from a city. Only the country may
/// be left out, after a postal code, and then nothing but capitals is a state: "Suite 300" looks much like "CA 94105".
fn as_places(line: &str) -> Option<Parts> {
    let last = line.rsplit(',').next()?.trim();
    let (count, country) = if has_digit(last) { (3, None) } else { (4, Some(last)) };
    let mut places = line.rsplitn(count, ',').map(str::trim).skip(usize::from(country.is_some()));
    let (state, postal_code) = as_region(places.next()?)?;
    let city = places.next()?;
    let street = places.next()?;
    let is_told = country.is_some() || state.is_empty() || is_abbreviation(state);
    is_told.then(|| [part(street), part(city), part(state), part(postal_code), country.and_then(part)])
}

/// State and postal code: nothing, a state's abbreviation alone, or whatever stands before the first word with a digit.
fn as_region(place: &str) -> Option<(&str, &str)> {
    let Some(digit) = place.find(char::is_numeric) else {
        return (place.is_empty() || is_abbreviation(place)).then_some((place, ""));
    };
    let start = place[..digit].trim_end_matches(|c: char| !c.is_whitespace()).len();
    let (state, postal_code) = place.split_at(start);
    // "1012 AB" is a postal code; "10115 Berlin" has a city besides, and the 3 of "Apt 3" is too short for one.
    let is_code = postal_code.split_whitespace().all(|word| has_digit(word) || is_abbreviation(word));
    (is_code && postal_code.len() >= 3).then(|| (state.trim(), postal_code))
}

fn object(parts: &Parts) -> Value {
    NAMES
        .into_iter()
        .zip(parts)
        .filter_map(|(name, part)| Some((name.to_owned(), Value::from(part.clone()?))))
        .collect()
}

fn part(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn is_part(text: &str) -> bool {
    !text.is_empty() && text == text.trim() && !text.chars().any(char::is_control)
}

fn is_abbreviation(text: &str) -> bool {
    (2..=3).contains(&text.len()) && text.chars().all(|c| c.is_ascii_uppercase())
}

fn has_digit(text: &str) -> bool {
    text.contains(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Parts, format, parse};

    fn parts(parts: [&str; 5]) -> Parts {
        parts.map(super::part)
    }

    #[test]
    fn lines_with_all_places_are_taken_apart() {
        for (line, expected) in [
            ("123 Main St, San Francisco, CA 94105, USA", ["123 Main St", "San Francisco", "CA", "94105", "USA"]),
            ("123 Main St,San Francisco , CA  94105", ["123 Main St", "San Francisco", "CA", "94105", ""]),
            ("Apt 4, 12 Main St, Boise, ID, USA", ["Apt 4, 12 Main St", "Boise", "ID", "", "USA"]),
            (
                "1 George St, Sydney, New South Wales 2000, AU",
                ["1 George St", "Sydney", "New South Wales", "2000", "AU"],
            ),
            ("Damrak 1, Amsterdam, 1012 AB, NL", ["Damrak 1", "Amsterdam", "", "1012 AB", "NL"]),
            ("12 St James's Square, London, , GB", ["12 St James's Square", "London", "", "", "GB"]),
            (", Paris, ,", ["", "Paris", "", "", ""]),
            ("1 Rue A, Paris, \u{3000}x\u{a0}75001, FR", ["1 Rue A", "Paris", "x", "75001", "FR"]),
        ] {
            assert_eq!(parse(line), parts(expected), "{line}");
        }
    }

    #[test]
    fn other_lines_are_kept_whole() {
        for line in [
            "123 Main St",
            "10 Downing Street, Westminster, London, UK",
            "Hauptstr. 5, 10115 Berlin, Germany",
            "Hauptstr. 5, Mitte, 10115 Berlin, Germany",
            "San Francisco, CA 94105",
            "12 Main St, Springfield, Illinois, USA",
            "12 Main St, Springfield, Suite 300",
            "12 Main St, Springfield, Apt 3, USA",
            "{\"street\":\" untrimmed\"}",
            "{\"street\":\"1 Main St\",\"planet\":\"Earth\"}",
            "{\"street\":7}",
            "{}",
            "{not an object",
        ] {
            assert_eq!(parse(line), parts([line, "", "", "", ""]), "{line}");
        }
        assert_eq!(parse(" \t "), Parts::default());
    }

    #[test]
    fn an_address_is_written_as_plainly_as_can_be_read_back() {
        for (address, expected) in [
            (["12 Main St, rear", "", "", "", ""], "12 Main St, rear"),
            (["123 Main St", "San Francisco", "CA", "94105", ""], "123 Main St, San Francisco, CA 94105"),
            (["12 St James's Square", "London", "", "", "GB"], "12 St James's Square, London, , GB"),
            (["1 George St", "Sydney", "New South Wales", "2000", ""], "1 George St, Sydney, New South Wales 2000,"),
            (["12 Main St", "Boise", "ID", "", ""], "12 Main St, Boise, ID,"),
            (["", "Paris", "", "", ""], ", Paris, ,"),
            (["A, B, CA 94105, USA", "", "", "", ""], "A, B, CA 94105, USA, , ,"),
            (["", "San Jose, East", "", "", ""], "{\"city\":\"San Jose, East\"}"),
        ] {
            assert_eq!(format(&parts(address)), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn what_is_written_is_read_back(
            address in proptest::array::uniform5("(|[A-Z]{2,3}|[a-zA-Z0-9,{}\" \u{a0}]{0,12}|\\PC{0,12})"),
        ) {
            let address = address.map(|text| super::part(text.trim()));
            prop_assert_eq!(parse(&format(&address)), address);
        }
    }
}

//! A phone number: E.164 where it can be told, else as given.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use serde::Serialize;
use serde_json::Value;

use super::reading::{Read, Reading};
use super::text::{is_blank, text};

pub(super) const MAX: usize = 50;

/// A plus and at most 15 digits (ITU-T E.164, section 6.2.1).
const MAX_E164: usize = 16;

/// A phone number. One that is valid in its region is kept in E.164 (`+14155552671`), so that the same number is
/// the same text; any other is kept as it was given: a number we don't understand is not a fault of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// A number that was normalised before it was stored.
    pub(crate) fn stored(number: String) -> Self {
        Self(number)
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn normalised(given: String, region: &str) -> Self {
        Self(e164(&given, region.parse().ok()).unwrap_or(given))
    }
}

/// The number in E.164, if it is a valid one that has a place there. Without a country code it is one of the region.
fn e164(given: &str, region: Option<Region>) -> Option<String> {
    let numbers = &*PHONE_NUMBER_UTIL;
    let number = numbers.parse(given, region).ok()?;
    let e164 = numbers.format(&number, PhoneNumberFormat::E164);
    // E.164 has no place for an extension, and dropping it would lose what was given.
    let fits = number.extension.is_none() && e164.len() <= MAX_E164;
    (fits && numbers.is_valid_number(&number)).then(|| e164.into_owned())
}

impl Read for Phone {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let given = text(value, MAX, char::is_control, reading)?;
        Some(Self::normalised(given, &reading.rules().phone_region))
    }

    fn is_absent(value: &Value) -> bool {
        is_blank(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Phone;

    #[test]
    fn a_valid_number_becomes_e164_and_stays_it() {
        for given in ["(415) 555-2671", "415-555-2671", "+1 415 555 2671", "+14155552671"] {
            assert_eq!(Phone::normalised(given.into(), "US").as_str(), "+14155552671", "{given}");
        }
        assert_eq!(Phone::normalised("030 901820".into(), "DE").as_str(), "+4930901820");
    }

    #[test]
    fn a_number_with_its_country_is_the_same_in_every_region() {
        for region in ["US", "DE", "IT", "RU", "nowhere"] {
            for (given, kept) in [
                ("+49 1512 3456789", "+4915123456789"),
                ("+39 06 698 12345", "+390669812345"),
                ("+1 415 555 2671", "+14155552671"),
                ("+44 (0)20 7946 0958", "+442079460958"),
            ] {
                assert_eq!(Phone::normalised(given.into(), region).as_str(), kept, "{given} in {region}");
            }
        }
    }

    #[test]
    fn a_number_of_another_country_keeps_all_its_digits() {
        for (given, kept) in [
            ("011 44 20 7946 0958", "+442079460958"),
            ("011 49 1512 3456789", "+4915123456789"),
            ("+7 800 555 35 35", "+78005553535"),
        ] {
            assert_eq!(Phone::normalised(given.into(), "US").as_str(), kept, "{given}");
        }
    }

    #[test]
    fn what_is_no_number_of_its_region_is_kept_as_given() {
        for given in
            ["call reception", "12", "+1 415 555 2671 ext. 5", "415-555-2671 x77", "++", "٣", "+49 300 9527862 6880"]
        {
            assert_eq!(Phone::normalised(given.into(), "US").as_str(), given);
        }
    }
}

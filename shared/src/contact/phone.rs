//! A phone number: E.164 where it can be told, else as given.

use phonenumber::country::Id as Region;
use serde::Serialize;
use serde_json::Value;

use super::reading::{Read, Reading};
use super::text::{is_blank, text};

pub(super) const MAX: usize = 50;

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
        let parsed = phonenumber::parse(region.parse::<Region>().ok(), &given);
        match parsed {
            // E.164 has no place for an extension, and dropping it would lose what was given.
            Ok(number) if number.extension().is_none() && phonenumber::is_valid(&number) => {
                Self(number.format().mode(phonenumber::Mode::E164).to_string())
            }
            _ => Self(given),
        }
    }
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
    fn what_is_no_number_of_its_region_is_kept_as_given() {
        for given in ["call reception", "12", "+1 415 555 2671 ext. 5", "415-555-2671 x77", "++", "٣"] {
            assert_eq!(Phone::normalised(given.into(), "US").as_str(), given);
        }
    }
}

//! A postal address.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::patch::Patch;
use super::reading::{Read, Reading};
use super::text::Text;

/// The parts of a postal address, each of them optional. One without any part is no address at all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub street: Option<Part>,
    /// City or town.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub city: Option<Part>,
    /// State, province or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub state: Option<Part>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub postal_code: Option<Part>,
    /// Country, by name or by code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub country: Option<Part>,
}

/// One part of an address.
pub type Part = Text<200>;

/// A change of an address, part by part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct AddressPatch {
    pub street: Patch<Part>,
    pub city: Patch<Part>,
    pub state: Patch<Part>,
    pub postal_code: Patch<Part>,
    pub country: Patch<Part>,
}

impl Address {
    /// The address, unless it has no part.
    pub fn unless_empty(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

impl AddressPatch {
    /// The address after the change; `None` if no part is left.
    pub fn apply(&self, address: Option<&Address>) -> Option<Address> {
        let before = address.cloned().unwrap_or_default();
        Address {
            street: self.street.optional(before.street),
            city: self.city.optional(before.city),
            state: self.state.optional(before.state),
            postal_code: self.postal_code.optional(before.postal_code),
            country: self.country.optional(before.country),
        }
        .unless_empty()
    }
}

impl Read for Address {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        let street = reading.optional(&mut members, "street");
        let city = reading.optional(&mut members, "city");
        let state = reading.optional(&mut members, "state");
        let postal_code = reading.optional(&mut members, "postalCode");
        let country = reading.optional(&mut members, "country");
        reading.finish(&members);
        Some(Self { street: street?, city: city?, state: state?, postal_code: postal_code?, country: country? })
    }
}

impl Read for AddressPatch {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        let street = reading.patch(&mut members, "street");
        let city = reading.patch(&mut members, "city");
        let state = reading.patch(&mut members, "state");
        let postal_code = reading.patch(&mut members, "postalCode");
        let country = reading.patch(&mut members, "country");
        reading.finish(&members);
        Some(Self { street: street?, city: city?, state: state?, postal_code: postal_code?, country: country? })
    }
}

//! What the owner of a contact may change, and how it is read from a body.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::reading::{Read, Reading};
use super::{Address, CustomFields, Email, Note, Phone, Status, Tags, Text};

/// A contact's profile may have this many bytes in JSON.
const MAX_BYTES: usize = 16 * 1024;

/// Members that only we set: taken and ignored, so that what was read can be edited and sent back.
pub(super) const OURS: &[&str] = &["id", "createdAt", "updatedAt", "deletedAt", "links"];

/// What the owner of a contact may change.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Given name.
    #[schema(inline)]
    pub first_name: Text<100>,
    /// Family name.
    #[schema(inline)]
    pub last_name: Text<100>,
    /// Email address, internationalised ones included (RFC 6531). The domain is kept in lower case.
    #[schema(inline)]
    pub email: Email,
    /// Phone number. One that is valid in its region is kept in E.164, any other as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub phone: Option<Phone>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub company: Option<Text<200>>,
    /// Position in the company.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub title: Option<Text<200>>,
    /// Postal address. One without any part is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub address: Option<Address>,
    /// Free text, which may have several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline, nullable = false)]
    pub notes: Option<Note<2000>>,
    /// Where the contact stands; `active` if nothing is said.
    #[schema(inline)]
    pub status: Status,
    /// Different tags, in the order they were given.
    #[schema(inline)]
    pub tags: Tags,
    /// Fields of your own, by name. A value is a string, a number or a boolean.
    #[schema(inline)]
    pub custom_fields: CustomFields,
}

/// A whole contact as a caller gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewContact {
    /// What it is to hold.
    pub profile: Profile,
    /// The version the caller believes to be replacing, if it said.
    pub version: Option<i32>,
}

impl Profile {
    /// Notes a fault if it is too large as a whole.
    pub(super) fn check(&self, reading: &mut Reading) {
        let size = serde_json::to_vec(self).map_or(usize::MAX, |json| json.len());
        if size > MAX_BYTES {
            reading.fault::<()>("too_large", format!("must have at most {MAX_BYTES} bytes in all"));
        }
    }
}

impl Read for NewContact {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        Reading::ignore(&mut members, OURS);
        let version = reading.optional(&mut members, "version");
        let first_name = reading.required(&mut members, "firstName");
        let last_name = reading.required(&mut members, "lastName");
        let email = reading.required(&mut members, "email");
        let phone = reading.optional(&mut members, "phone");
        let company = reading.optional(&mut members, "company");
        let title = reading.optional(&mut members, "title");
        let address = reading.optional::<Address>(&mut members, "address");
        let notes = reading.optional(&mut members, "notes");
        let status = reading.optional(&mut members, "status");
        let tags = reading.optional(&mut members, "tags");
        let custom_fields = reading.optional(&mut members, "customFields");
        reading.finish(&members);
        let profile = Profile {
            first_name: first_name?,
            last_name: last_name?,
            email: email?,
            phone: phone?,
            company: company?,
            title: title?,
            address: address?.and_then(Address::unless_empty),
            notes: notes?,
            status: status?.unwrap_or_default(),
            tags: tags?.unwrap_or_default(),
            custom_fields: custom_fields?.unwrap_or_default(),
        };
        profile.check(reading);
        Some(Self { profile, version: version? })
    }
}

//! Records of a CRM, in the CRM's own form.

use crosswalk::contact::{Email, Note, Phone, Profile, Text};
use crosswalk::sync::Put;
use crosswalk::{Error, Scope, http};
use serde_json::Value;
use utoipa::PartialSchema;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{ComponentsBuilder, Object, ObjectBuilder};

use super::contacts::{fault, gone, media_type, not_json, too_large};
use super::route::Route;
use super::samples::{CONNECTION, REMOTE, answer, changed, contact, record};
use super::shapes::{any, body, object, text, time, whole, words};

const PATH: &str = "/connections/{connection}/contacts/{remoteId}";

/// Their operations.
pub(super) fn routes() -> Vec<Route> {
    let no_connection = || Error::ConnectionNotFound(CONNECTION.to_owned());
    let no_record = || Error::RecordNotFound(REMOTE.to_owned());
    let remote_id = || {
        let text = "a remote id has 1 to 200 characters, none of them a control character, no space at its ends";
        Error::Malformed(text.to_owned())
    };
    let (Value::Object(given), Value::Object(shown)) = (record(), record()) else {
        unreachable!("a record is an object")
    };
    let read = Route::new(HttpMethod::Get, PATH, "get-remote-contact", "Read a contact in its CRM's form")
        .about(
            "The contact that is linked to the record, as the CRM would have it: what the CRM last said, unknown members \
             included, with our fields over it. The CRM is not asked.",
        )
        .scope(Scope::ContactsRead)
        .names(&["Connection", "RemoteId"])
        .answers("The record", "AcmeRecord", &http::remote(shown))
        .refuses([remote_id(), no_connection(), no_record(), gone()]);
    let put = Route::new(HttpMethod::Put, PATH, "put-remote-contact", "Apply a record of a CRM")
        .about(
            "Applies the record as a webhook with it would be: what differs from the last record seen is the CRM's change. \
             Unknown members are kept. The CRM is not called.",
        )
        .scope(Scope::ContactsWrite)
        .names(&["Connection", "RemoteId"])
        .takes(&["application/json"], "AcmeRecord", &[("Ada's record", Value::Object(given))])
        .answers("The contact as it is now", "Contact", &http::put(Put { answer: answer(&changed()), created: false }))
        .answers("The contact, which is new", "Contact", &http::put(Put { answer: answer(&contact()), created: true }))
        .refuses([remote_id(), not_json(), too_large(), media_type(), no_connection(), no_record()])
        .refuses([fault("/acme_status", "invalid", "must be Active, Inactive or Lead")])
        .leads(201, "read", "get-contact", &[("id", "$response.body#/id")]);
    [read, put].into_iter().map(|route| route.tag("Records")).collect()
}

/// Their schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    components.schema("AcmeRecord", acme())
}

fn acme() -> Object {
    let profile = object::<Profile>();
    let field = |name: &str| profile.properties.get(name).cloned().expect("the profile has it");
    let record = ObjectBuilder::new()
        .description(Some("A contact as AcmeCRM has it. Members that are not listed are kept."))
        .property("id", text("The record's id.").max_length(Some(200)))
        .property("acme_first_name", Text::<100>::schema())
        .property("acme_last_name", Text::<100>::schema())
        .property("acme_email", Email::schema())
        .property("acme_phone", Phone::schema())
        .property("acme_company", Text::<200>::schema())
        .property("acme_title", Text::<200>::schema())
        .property("acme_address", text("The address in one line: `123 Main St, San Francisco, CA 94105, USA`."))
        .property("acme_notes", Note::<2000>::schema())
        .property("acme_status", words(["Active", "Inactive", "Lead"], "Where the contact stands."))
        .property("acme_tags", field("tags"))
        .property("acme_custom_fields", field("customFields"))
        .property("acme_external_id", any("Our contact's id, where we made the record."))
        .property("acme_created_at", any("When the record was made."))
        .property("acme_updated_at", time("When the record last changed."))
        .property("acme_version", whole(i64::MIN, "The CRM's count of its changes."));
    let mut record = body(record.build(), &["acme_first_name", "acme_last_name", "acme_email"]);
    record.additional_properties = None;
    record
}

//! What happened to a contact.

use crosswalk::contact::Contact;
use crosswalk::events::{ContactEvent, Kind, Origin};
use crosswalk::paging::Page;
use crosswalk::{Scope, http};
use serde_json::{Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder};
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Ref, Type};

use super::contacts::{malformed, not_found};
use super::parameters::WINDOW;
use super::route::Route;
use super::samples::{CREATED_AT, UPDATED_AT, changed, contact};
use super::shapes::{page, text, time, whole, words};

/// Its operation.
pub(super) fn routes() -> Vec<Route> {
    let (before, after) = (contact(), changed());
    let events = [
        event("019a2b70-77c1-7d02-b5aa-94e1c0d8f213", UPDATED_AT, Some(&before), &after),
        event("019a2b6e-5f11-7a80-8e3c-0b9d7a6c5e42", CREATED_AT, None, &before),
    ];
    let items = events.iter().map(Value::to_string).collect();
    let history = http::page(&Page { items, next: None, total: None });
    let route = Route::new(
        HttpMethod::Get,
        "/contacts/{id}/history",
        "list-contact-history",
        "List what happened to a contact",
    )
    .tag("Contacts")
    .about(
        "The contact's events, newest first, also while it is deleted. The same events are published to the topic \
             `crosswalk.contacts`. They are kept for 400 days, unless the deployment says otherwise.",
    )
    .scope(Scope::ContactsRead)
    .names(&["ContactId"])
    .parameters(&WINDOW)
    .answers("A page of events", "HistoryPage", &history)
    .refuses([malformed("the cursor does not belong to this list"), not_found()]);
    vec![route]
}

fn event(id: &str, at: &str, before: Option<&Contact>, after: &Contact) -> Value {
    let kind = if before.is_some() { Kind::Updated } else { Kind::Created };
    let origin = Origin::Api { client: "cl_harbour".to_owned() };
    let event = ContactEvent::of(kind, before, after, origin, None);
    json!({
        "id": id,
        "type": format!("contact.{}", kind.as_str()),
        "occurredAt": at,
        "version": after.version,
        "changedFields": event.changed_fields,
        "origin": event.origin,
        "before": event.before,
        "after": event.after,
    })
}

/// Its schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let before = AnyOfBuilder::new()
        .item(Ref::from_schema_name("Contact"))
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .description(Some("The contact before; null if it is new."));
    let kinds =
        [Kind::Created, Kind::Updated, Kind::Deleted, Kind::Restored].map(|kind| format!("contact.{}", kind.as_str()));
    let kinds = kinds.each_ref().map(String::as_str);
    let event = ObjectBuilder::new()
        .property("id", text("The event's name, never used twice: `ce_id` in the topic."))
        .property("type", words(kinds, "What was done."))
        .property("occurredAt", time("When."))
        .property("version", whole(1, "The contact's version after it."))
        .property(
            "changedFields",
            ArrayBuilder::new()
                .items(ObjectBuilder::new().schema_type(Type::String))
                .description(Some("The members that differ, but for those that every change touches.")),
        )
        .property("origin", Ref::from_schema_name("Origin"))
        .property("before", before)
        .property("after", Ref::from_schema_name("Contact"));
    let event = ["id", "type", "occurredAt", "version", "changedFields", "origin", "before", "after"]
        .into_iter()
        .fold(event, ObjectBuilder::required);
    components
        .schema("ContactEvent", event)
        .schema("Origin", Origin::schema())
        .schema("HistoryPage", page("ContactEvent"))
}

//! Many contacts at once.

use crosswalk::contacts::{Batch, Done, Upserted};
use crosswalk::{Error, Scope, http};
use serde_json::json;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Ref};

use super::contacts::{MANDATORY, editable, fault, media_type, not_found, not_json};
use super::route::Route;
use super::samples::{CONNECTION, CONTACT, REMOTE, given, least, parsed};
use super::shapes::{body, flag, list, text, whole};

/// Their operation.
pub(super) fn routes() -> Vec<Route> {
    let outcomes = [Ok(Upserted { id: parsed(CONTACT), version: 1, created: true }), Err(not_found())];
    let done = http::batch(Done { json: http::multi_status(&outcomes), replayed: false });
    let replayed = http::batch(Done { json: http::multi_status(&outcomes), replayed: true });
    let mut known = given();
    (known["connection"], known["remoteId"]) = (json!(CONNECTION), json!(REMOTE));
    let mut missing = least();
    missing["id"] = json!(CONTACT);
    let batch = json!({"items": [known, missing], "atomic": false});
    let route = Route::new(HttpMethod::Post, "/contacts/batch", "upsert-contacts", "Create and replace many contacts")
        .tag("Contacts")
        .about(
            "Each item is a whole contact. With an `id` it replaces that contact; with `connection` and `remoteId` the one \
             that is linked to the record, or a new one is made and linked; else it is new. All of it is one transaction: \
             faulty items are left out, or, with `atomic`, one fault refuses the whole. Up to 500 items and 4 MB.",
        )
        .scope(Scope::ContactsWrite)
        .parameters(&["IdempotencyKey"])
        .takes(
            &["application/json"],
            "Batch",
            &[("By a record, and by an id that there is not", batch), ("All or nothing", json!({"items": [least()], "atomic": true}))],
        )
        .answers("What became of each item, in order", "BatchOutcome", &done)
        .answers("The first answer with this key, once more", "BatchOutcome", &replayed)
        .refuses([not_json(), Error::BodyTooLarge { limit: 4_194_304 }, media_type()])
        .refuses([fault("/items/1", "duplicate", "is about a contact that an earlier item is about")])
        .refuses([Error::IdempotencyKeyReused, Error::IdempotencyKeyInFlight]);
    vec![route]
}

/// Their schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let item = editable()
        .description(Some("A whole contact, and which one it is to replace."))
        .property("id", text("The contact to be replaced.").max_length(Some(64)))
        .property("connection", text("With `remoteId`: the record whose contact it is.").max_length(Some(64)))
        .property("remoteId", text("With `connection`: the record whose contact it is.").max_length(Some(200)));
    let items = list("BatchItem").max_items(Some(Batch::MAX_ITEMS));
    let batch = ObjectBuilder::new()
        .property("items", items)
        .required("items")
        .property("atomic", flag("Whether one fault refuses all.").default(Some(json!(false))));
    let outcome = ObjectBuilder::new()
        .property("index", whole(0, "Which item, counted from 0."))
        .property("status", whole(200, "What a request of its own would have been answered."))
        .property("id", text("The contact, if it is there now."))
        .property("version", whole(1, "Its version."))
        .property("error", Ref::from_schema_name("ItemProblem"))
        .required("index")
        .required("status");
    let outcomes = ObjectBuilder::new().property("items", list("ItemOutcome")).required("items");
    components
        .schema("Batch", body(batch.build(), &["items"]))
        .schema("BatchItem", body(item.build(), &MANDATORY))
        .schema("BatchOutcome", outcomes)
        .schema("ItemOutcome", outcome)
}

//! What does not come through to a CRM, and what both sides changed at once.

use crosswalk::db::links::{Conflict, Side};
use crosswalk::db::sync_failures::Failure;
use crosswalk::paging::Page;
use crosswalk::{Error, Scope, http};
use serde_json::json;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{ComponentsBuilder, Object, Schema};

use super::contacts::{malformed, media_type, not_json, too_large};
use super::parameters::WINDOW;
use super::route::Route;
use super::samples::{CONNECTION, CONTACT, REMOTE, UPDATED_AT, parsed};
use super::shapes::{any, object, page, words};
use super::webhooks::something;

/// Their operations.
pub(super) fn routes() -> Vec<Route> {
    let routes = vec![failures(), replay(), conflicts()];
    routes.into_iter().map(|route| route.tag("Sync")).collect()
}

fn failures() -> Route {
    let items = vec![json!(failure()).to_string()];
    Route::new(HttpMethod::Get, "/sync-failures", "list-sync-failures", "List failures of the sync")
        .about(
            "The contacts that don't come through to a CRM, in the order of their connections and ids. `failing` ones are \
             tried again at `retryAt`, `dead` ones only when they are replayed.",
        )
        .scope(Scope::SyncRead)
        .parameters(&WINDOW)
        .parameters(&["FailureState", "OfConnection"])
        .answers("A page of failures", "SyncFailurePage", &http::page(&Page { items, next: None, total: None }))
        .refuses([malformed("the parameter state can only be failing or dead")])
}

fn replay() -> Route {
    let pending = Failure { state: "pending".to_owned(), attempts: 0, failure: None, ..failure() };
    Route::new(HttpMethod::Post, "/sync-failures/{id}/replay", "replay-sync-failure", "Have a failure tried again")
        .about("Has the contact written to the CRM from the beginning, within a second.")
        .scope(Scope::SyncWrite)
        .names(&["SyncFailureId"])
        .may_take("Nothing", &[("Nothing", json!({}))])
        .answers("The link, which is pending now", "SyncFailure", &http::accepted(&pending))
        .refuses([not_json(), too_large(), media_type(), something()])
        .refuses([Error::SyncFailureNotFound(failure().id)])
}

fn conflicts() -> Route {
    let items = vec![json!(conflict()).to_string()];
    Route::new(HttpMethod::Get, "/sync-conflicts", "list-sync-conflicts", "List conflicts of the sync")
        .about("Fields that both sides had changed at once, newest first, and which of the two was kept.")
        .scope(Scope::SyncRead)
        .parameters(&WINDOW)
        .parameters(&["OfConnection", "OfContact"])
        .answers("A page of conflicts", "SyncConflictPage", &http::page(&Page { items, next: None, total: None }))
        .refuses([malformed("the parameter contactId can only be the id of a contact")])
}

/// Their schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema("SyncFailure", failure_shape())
        .schema("SyncFailurePage", page("SyncFailure"))
        .schema("SyncConflict", conflict_shape())
        .schema("SyncConflictPage", page("SyncConflict"))
}

fn failure_shape() -> Object {
    let mut shape = object::<Failure>();
    let state = words(["failing", "dead", "pending"], "`failing` or `dead`; `pending` once it was replayed.");
    shape.properties.insert("state".to_owned(), Schema::from(state).into());
    shape
}

fn conflict_shape() -> Object {
    let mut shape = object::<Conflict>();
    for (name, description) in
        [("ours", "What we had; absent if nothing."), ("theirs", "What they had; absent if nothing.")]
    {
        shape.properties.insert(name.to_owned(), Schema::from(any(description)).into());
    }
    shape
}

fn failure() -> Failure {
    Failure {
        id: format!("{CONNECTION}.{CONTACT}"),
        connection: CONNECTION.to_owned(),
        contact_id: parsed(CONTACT),
        remote_id: Some(REMOTE.to_owned()),
        state: "failing".to_owned(),
        attempts: 3,
        failure: Some("the CRM answered 503".to_owned()),
        retry_at: Some(parsed("2026-02-03T09:30:09Z")),
        synced_at: Some(parsed("2026-01-31T12:00:02Z")),
    }
}

fn conflict() -> Conflict {
    Conflict {
        contact_id: parsed(CONTACT),
        connection: CONNECTION.to_owned(),
        field: "title".to_owned(),
        ours: Some(json!("Programmer")),
        theirs: Some(json!("Countess")),
        kept: Side::Theirs,
        occurred_at: parsed(UPDATED_AT),
    }
}

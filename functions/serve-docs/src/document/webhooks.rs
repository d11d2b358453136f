//! Webhooks: how a CRM sends them, and what became of them.

use crosswalk::paging::Page;
use crosswalk::webhooks::{Found, Receipt, Replay, Replays, State, Webhook};
use crosswalk::{Error, Scope, http};
use serde_json::{Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{ComponentsBuilder, Object, ObjectBuilder, Ref, RefOr, Schema};

use super::contacts::{fault, malformed, media_type, not_json, too_large};
use super::parameters::WINDOW;
use super::route::Route;
use super::samples::{CONNECTION, CREATED_AT, REMOTE, UPDATED_AT, WEBHOOK, parsed, record};
use super::shapes::{any, body, closed, line, object, page, text, time, whole, words};

/// Their operations.
pub(super) fn routes() -> Vec<Route> {
    let routes = vec![receive(), list(), get(), replay_all(), replay()];
    routes.into_iter().map(|route| route.tag("Webhooks")).collect()
}

fn receive() -> Route {
    let deleted = json!({
        "event": "contact.deleted",
        "id": "ev_48",
        "timestamp": UPDATED_AT,
        "data": {"id": REMOTE, "deletedAt": UPDATED_AT},
    });
    let receipt = |is_new| http::received(Receipt { id: parsed(WEBHOOK), is_new });
    Route::new(HttpMethod::Post, "/webhooks/{connection}", "receive-webhook", "Receive a webhook")
        .about(
            "For the CRM: tells of a record that was created, updated or deleted. The body is kept as it was signed and \
             worked within a moment. Why a signature is refused is not told, nor whether there is such a connection. What \
             is signed and can't be read is refused and kept as `dead`.",
        )
        .signed()
        .names(&["Connection"])
        .parameters(&["SignedAt"])
        .takes(&["application/json"], "Notification", &[("A change", told()), ("A deletion", deleted)])
        .answers("It is kept and will be worked; `id` is our name of it", "Receipt", &receipt(true))
        .answers("It was kept before, by its `id`", "Receipt", &receipt(false))
        .refuses([Error::SignatureRefused, Error::BodyTooLarge { limit: 1_048_576 }])
        .refuses([fault("/event", "invalid", "must be contact.created, contact.updated or contact.deleted")])
}

fn list() -> Route {
    let items = vec![json!(webhook()).to_string(), json!(dead()).to_string()];
    Route::new(HttpMethod::Get, "/webhook-events", "list-webhook-events", "List webhooks")
        .about(
            "Webhooks as they came, newest first and without their bodies. With a `type` that is rare a page may have few \
             items, or none, and still a `next`.",
        )
        .scope(Scope::WebhooksRead)
        .parameters(&WINDOW)
        .parameters(&["WebhookState", "WebhookType", "OfConnection", "OfRecord", "ReceivedAfter", "ReceivedBefore"])
        .answers("A page of webhooks", "WebhookEventPage", &http::page(&Page { items, next: None, total: None }))
        .refuses([malformed("remoteId needs the connection it belongs to")])
}

fn get() -> Route {
    let found = http::webhook(&Found { webhook: webhook(), body: told().to_string().into_bytes() });
    Route::new(HttpMethod::Get, "/webhook-events/{id}", "get-webhook-event", "Read a webhook with its body")
        .about("The body is in `body`, to the letter, if it is JSON, else in `bodyBase64`. One that was erased is left out.")
        .scope(Scope::WebhooksRead)
        .names(&["WebhookEventId"])
        .answers("The webhook", "WebhookEventWithBody", &found)
        .refuses([Error::WebhookNotFound(WEBHOOK.to_owned())])
}

fn replay() -> Route {
    let waits = Webhook { state: State::Received, processed_at: None, published_at: None, ..webhook() };
    Route::new(HttpMethod::Post, "/webhook-events/{id}/replay", "replay-webhook-events-by-id", "Have a webhook worked once more")
        .about(
            "Whatever became of it, it is `received` again. One that waits already is left as it is. Working a webhook again \
             does no harm: where nothing differs it is `unchanged`.",
        )
        .scope(Scope::WebhooksWrite)
        .names(&["WebhookEventId"])
        .may_take("Nothing", &[("Nothing", json!({}))])
        .answers("The webhook, which waits now", "WebhookEvent", &http::accepted(&waits))
        .refuses([not_json(), too_large(), media_type(), something()])
        .refuses([Error::WebhookNotFound(WEBHOOK.to_owned()), Error::WebhookErased(parsed(WEBHOOK))])
}

fn replay_all() -> Route {
    let replays = Replays { replayed: 12, skipped: 1, more: false };
    let dead = json!({"state": "dead", "receivedAfter": CREATED_AT});
    Route::new(
        HttpMethod::Post,
        "/webhook-events/replay",
        "replay-webhook-events",
        "Have many webhooks worked once more",
    )
    .about(
        "Replays those that match, the oldest first. At least one member must say which. With `more` the same request \
             goes on where this one ended, if it names a `state` other than `received`.",
    )
    .scope(Scope::WebhooksWrite)
    .takes(&["application/json"], "Replay", &[("All that are dead", dead)])
    .answers("How many wait again", "Replays", &http::accepted(&replays))
    .refuses([
        not_json(),
        too_large(),
        media_type(),
        fault("", "required", "must say which, by a member at least"),
    ])
}

/// Their schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let receipt = ObjectBuilder::new().property("id", text("Our name of the event.")).required("id");
    components
        .schema(
            "Notification",
            OneOfBuilder::new().item(Ref::from_schema_name("Changed")).item(Ref::from_schema_name("Deleted")),
        )
        .schema("Changed", notification(["contact.created", "contact.updated"], told_record()))
        .schema("Deleted", notification(["contact.deleted"], deletion()))
        .schema("Receipt", receipt)
        .schema("WebhookEvent", object::<Webhook>())
        .schema("WebhookEventWithBody", with_body())
        .schema("WebhookEventPage", page("WebhookEvent"))
        .schema("Replay", replay_body())
        .schema("Replays", Replays::schema())
        .schema("Nothing", nothing())
}

/// What a CRM tells of a record.
fn notification<const N: usize>(kinds: [&str; N], data: impl Into<RefOr<Schema>>) -> ObjectBuilder {
    let name = line(200, "The CRM's name of the event: the same again is the same event.");
    ObjectBuilder::new()
        .property("event", words(kinds, "What happened."))
        .property("id", name)
        .property("timestamp", time("When, by the CRM's clock."))
        .property("data", data)
        .required("event")
        .required("id")
        .required("timestamp")
        .required("data")
}

/// What is in a record is not looked at when it comes.
fn told_record() -> ObjectBuilder {
    let record = ObjectBuilder::new().property("id", remote_id()).required("id");
    record.description(Some(
        "The whole record, an `AcmeRecord`. It is read later: one with faults is kept and becomes `dead`.",
    ))
}

fn remote_id() -> ObjectBuilder {
    line(200, "The record's id.")
}

fn deletion() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("id", remote_id())
        .property("deletedAt", time("When it was deleted, by the CRM's clock."))
        .required("id")
        .required("deletedAt")
}

fn with_body() -> ObjectBuilder {
    ObjectBuilder::from(object::<Webhook>())
        .property("body", any("What was sent, if it is JSON."))
        .property("bodyBase64", text("What was sent, if it is anything else."))
}

fn replay_body() -> Object {
    let replay = ObjectBuilder::new()
        .property("state", words(State::ALL.map(State::as_str), "Those in this state."))
        .property("type", text("Those of this type.").max_length(Some(200)))
        .property("connection", text("Those of this connection.").max_length(Some(200)))
        .property("remoteId", text("With `connection`: those that tell of this record.").max_length(Some(200)))
        .property("receivedAfter", time("Those received after this moment."))
        .property("receivedBefore", time("Those received before this moment."))
        .property(
            "limit",
            whole(1, "At most so many.").maximum(Some(Replay::MAX_LIMIT)).default(Some(json!(Replay::DEFAULT_LIMIT))),
        )
        .min_properties(Some(1));
    body(replay.build(), &[])
}

/// The body of a request that needs none.
fn nothing() -> Object {
    closed(ObjectBuilder::new().description(Some("Nothing: no member is known.")).build())
}

/// What becomes of one with a member.
pub(super) fn something() -> Error {
    fault("/limit", "unknown", "is not a known member")
}

fn told() -> Value {
    json!({"event": "contact.updated", "id": "ev_47", "timestamp": CREATED_AT, "data": record()})
}

fn webhook() -> Webhook {
    Webhook {
        id: parsed(WEBHOOK),
        connection: CONNECTION.to_owned(),
        event_id: "ev_47".to_owned(),
        kind: "contact.updated".to_owned(),
        remote_id: Some(REMOTE.to_owned()),
        state: State::Processed,
        failure: None,
        received_at: parsed("2026-01-31T12:00:01.204311Z"),
        processed_at: Some(parsed("2026-01-31T12:00:01.377508Z")),
        published_at: Some(parsed("2026-01-31T12:00:01.251042Z")),
    }
}

fn dead() -> Webhook {
    Webhook {
        id: parsed("019a2b6e-9c30-7b5d-a1f4-c2d80e96b713"),
        event_id: "ev_46".to_owned(),
        state: State::Dead,
        failure: Some("/acme_email must be an email address".to_owned()),
        received_at: parsed("2026-01-31T11:58:20.118904Z"),
        ..webhook()
    }
}

//! Parameters. Each is described once, under a name of its own, with the bounds that reading it keeps.

use crosswalk::contact::{Filter, LINE, SortKey, Status};
use crosswalk::http::{DEFAULT_LIMIT, MAX_ID, MAX_KEY, MAX_LIMIT, MAX_TYPE};
use crosswalk::paging::MAX_CURSOR;
use crosswalk::webhooks::State;
use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::SchemaFormat;
use utoipa::openapi::{ComponentsBuilder, Object, ObjectBuilder, Required, Schema, Type};

use super::samples::{CONNECTION, CONTACT, CREATED_AT, REMOTE, WEBHOOK};

/// What a path names: under which name it is described, and an example.
pub(super) const PATH: [(&str, &str); 6] = [
    ("ContactId", CONTACT),
    ("WebhookEventId", WEBHOOK),
    ("SyncFailureId", "cn_Xo3Jb1v9QmT4.019a2b6e-5f10-7c3a-9d41-6b8f2e0c7a15"),
    ("Connection", CONNECTION),
    ("RemoteId", REMOTE),
    ("Asset", "swagger-ui.css"),
];

/// Lists of every kind.
pub(super) const WINDOW: [&str; 2] = ["Limit", "Cursor"];

/// Describes all of them.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let all = paths().into_iter().chain(headers()).chain(lists()).chain(contacts()).chain(sync());
    all.fold(components, |components, (name, parameter)| components.parameter(name, parameter))
}

fn paths() -> [(&'static str, Parameter); 6] {
    let [contact, webhook, failure, connection, remote, asset] = PATH.map(|(_, example)| example);
    let path = |name, schema, example: &str, description| {
        let parameter = ParameterBuilder::from(parameter(name, ParameterIn::Path, schema, description));
        parameter.required(Required::True).example(Some(json!(example))).build()
    };
    [
        ("ContactId", path("id", formatted("uuid"), contact, "The contact's id.")),
        ("WebhookEventId", path("id", formatted("uuid"), webhook, "The webhook event's id.")),
        ("SyncFailureId", path("id", text(1, 128), failure, "The failure's id: `<connection>.<contact>`.")),
        ("Connection", path("connection", connection_id(), connection, "The connection: one account at a CRM.")),
        ("RemoteId", path("remoteId", text(1, MAX_ID), remote, "The record's id in the CRM.")),
        ("Asset", path("asset", text(1, MAX_ID), asset, "The name of a file that the page asks for.")),
    ]
}

fn headers() -> [(&'static str, Parameter); 5] {
    let header = |name, schema, description| parameter(name, ParameterIn::Header, schema, description);
    let tags = r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"#;
    let tags = || ObjectBuilder::new().schema_type(Type::String).pattern(Some(tags)).build();
    let key =
        "A key of the caller's choosing. The same request with the same key gets the first answer again, for 24 hours.";
    let signed_at = "When the request was signed, at most five minutes from now.";
    let signed_at = ParameterBuilder::from(header("X-Acme-Timestamp", formatted("date-time"), signed_at));
    let if_match = "The version to be changed: an `ETag` as it was given, or `*` for whatever version there is.";
    let if_match = ParameterBuilder::from(header("If-Match", tags(), if_match));
    let if_none_match = "An `ETag` as it was given: the answer is 304 if it is still the current one.";
    let prefer = "`count=exact` adds `total`, the number of all that match (RFC 7240).";
    [
        ("IfMatch", if_match.example(Some(json!("\"1\""))).build()),
        ("IfNoneMatch", header("If-None-Match", tags(), if_none_match)),
        ("IdempotencyKey", header("Idempotency-Key", visible(MAX_KEY), key)),
        ("Prefer", header("Prefer", text(0, 200), prefer)),
        ("SignedAt", signed_at.required(Required::True).example(Some(json!(CREATED_AT))).build()),
    ]
}

fn lists() -> [(&'static str, Parameter); 2] {
    let limit = whole(1, MAX_LIMIT.into(), DEFAULT_LIMIT.into());
    [
        ("Limit", query("limit", limit, "How many items a page has at most.")),
        (
            "Cursor",
            query(
                "cursor",
                text(1, MAX_CURSOR),
                "What the page before gave as `next`. The other parameters stay as they were.",
            ),
        ),
    ]
}

fn contacts() -> Vec<(&'static str, Parameter)> {
    let sorts = SortKey::ALL.into_iter().flat_map(|key| [key.as_str().to_owned(), format!("-{}", key.as_str())]);
    let sort = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(sorts)).build();
    let statuses = [Status::Active, Status::Inactive, Status::Lead].map(Status::as_str);
    let q = text(Filter::MIN_TEXT, Filter::MAX_TEXT);
    vec![
        (
            "Sort",
            query(
                "sort",
                sort,
                "The order, `createdAt` if nothing is said; `-` before it turns it round. Text compares by code point.",
            ),
        ),
        ("Status", query("status", words(statuses), "Only those with this status.")),
        ("Email", query("email", formatted("email"), "Only those with this email address.")),
        ("Company", query("company", text(1, 200), "Only those of this company, to the letter.")),
        ("Tag", query("tag", text(1, 50), "Only those with this tag.")),
        (
            "LinkedIn",
            query("connection", connection_id(), "With `remoteId`: only the one that is linked to this record."),
        ),
        (
            "LinkedTo",
            query("remoteId", text(1, MAX_ID), "With `connection`: only the one that is linked to this record."),
        ),
        ("CreatedAfter", time("createdAfter", "Only those created after this moment.")),
        ("CreatedBefore", time("createdBefore", "Only those created before this moment.")),
        ("UpdatedAfter", time("updatedAfter", "Only those last changed after this moment.")),
        ("UpdatedBefore", time("updatedBefore", "Only those last changed before this moment.")),
        (
            "Search",
            query(
                "q",
                q,
                "Only those that have this text in their names, email or company, in whatever case. Newest first; `sort` can't be given with it.",
            ),
        ),
        ("IncludeDeleted", query("includeDeleted", flag(), "Deleted ones too.")),
        ("Include", query("include", words(["links"]), "`links` adds each contact's links to records of CRMs.")),
    ]
}

fn sync() -> Vec<(&'static str, Parameter)> {
    vec![
        ("WebhookState", query("state", words(State::ALL.map(State::as_str)), "Only those in this state.")),
        ("WebhookType", query("type", text(1, MAX_TYPE), "Only those of this type, such as `contact.updated`.")),
        ("OfConnection", query("connection", text(1, MAX_ID), "Only those of this connection.")),
        ("OfRecord", query("remoteId", text(1, MAX_ID), "With `connection`: only those that tell of this record.")),
        ("ReceivedAfter", time("receivedAfter", "Only those received after this moment.")),
        ("ReceivedBefore", time("receivedBefore", "Only those received before this moment.")),
        ("FailureState", query("state", words(["failing", "dead"]), "Only those in this state.")),
        ("OfContact", query("contactId", formatted("uuid"), "Only those of this contact.")),
    ]
}

fn query(name: &str, schema: impl Into<Schema>, description: &str) -> Parameter {
    parameter(name, ParameterIn::Query, schema, description)
}

fn time(name: &str, description: &str) -> Parameter {
    query(name, formatted("date-time"), description)
}

fn parameter(name: &str, place: ParameterIn, schema: impl Into<Schema>, description: &str) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(place).required(Required::False);
    parameter.description(Some(description)).schema(Some(schema.into())).build()
}

/// A line of text.
fn text(min: usize, max: usize) -> Object {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(min)).max_length(Some(max));
    text.pattern(Some(LINE)).build()
}

fn visible(max: usize) -> Object {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(max));
    text.pattern(Some("^[!-~]+$")).build()
}

fn connection_id() -> Object {
    let id = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(43));
    id.pattern(Some("^[A-Za-z0-9_]+$")).build()
}

/// Text in a form that has a name in JSON Schema.
fn formatted(name: &str) -> Object {
    let format = SchemaFormat::Custom(name.to_owned());
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build()
}

fn flag() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).default(Some(Value::from(false))).build()
}

fn whole(min: u32, max: u32, default: u32) -> Object {
    let whole = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max));
    whole.default(Some(json!(default))).build()
}

fn words<const N: usize>(words: [&str; N]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

//! Contacts, one at a time and in lists.

use crosswalk::contact::{Contact, Profile};
use crosswalk::contacts::{Created, Found};
use crosswalk::db::contacts::ShownLink;
use crosswalk::paging::Page;
use crosswalk::{Error, Scope, http};
use serde_json::{Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{AllOf, ComponentsBuilder, Object, ObjectBuilder, RefOr, Schema};

use super::route::Route;
use super::samples::{CONTACT, answer, changed, contact, deleted, faults, given, least, parsed, request, with_links};
use super::shapes::{any, body, list, object, page, plain, whole, words};

/// Members without which there is no contact.
pub(super) const MANDATORY: [&str; 3] = ["firstName", "lastName", "email"];

const TAG: &str = "Contacts";
const ONE: &str = "/contacts/{id}";

/// Their operations.
pub(super) fn routes() -> Vec<Route> {
    let routes = vec![create(), list_contacts(), get(), replace(), update(), delete(), restore()];
    routes.into_iter().map(|route| route.tag(TAG)).collect()
}

fn create() -> Route {
    let created = http::created(Created { answer: answer(&contact()), replayed: false });
    let replayed = http::created(Created { answer: answer(&contact()), replayed: true });
    Route::new(HttpMethod::Post, "/contacts", "create-contact", "Create a contact")
        .about("Makes a new contact at version 1. With an `Idempotency-Key` it is made once, however often the request is sent.")
        .scope(Scope::ContactsWrite)
        .parameters(&["IdempotencyKey"])
        .takes(&["application/json"], "NewContact", &[("All there is", given()), ("No more than must be", least())])
        .answers("The new contact", "Contact", &created)
        .answers("The first answer with this key, once more", "Contact", &replayed)
        .refuses([not_json(), too_large(), media_type(), faults()])
        .refuses([Error::IdempotencyKeyReused, Error::IdempotencyKeyInFlight])
        .leads(201, "read", "get-contact", &[("id", "$response.body#/id")])
        .leads(201, "change", "update-contact", &by_version())
        .leads(201, "delete", "delete-contact", &by_version())
        .leads(201, "history", "list-contact-history", &[("id", "$response.body#/id")])
}

fn list_contacts() -> Route {
    let items = vec![answer(&contact()).json];
    let next = Some("6L4b2m0yR5Yd1sHqWyIyMDI2LTAxLTMxVDEyOjAwOjAwWiJd".to_owned());
    let first = http::page(&Page { items: items.clone(), next, total: None });
    let counted = http::page(&Page { items, next: None, total: Some(1) });
    Route::new(HttpMethod::Get, "/contacts", "list-contacts", "List contacts")
        .about(
            "A page of the contacts of which everything given is true. `next` leads to the next page; contacts that nobody \
             changes during the walk are there once each. A page may have fewer items than `limit` and still a `next`.",
        )
        .scope(Scope::ContactsRead)
        .parameters(&["Limit", "Cursor", "Sort", "Search", "Status", "Email", "Company", "Tag", "LinkedIn", "LinkedTo"])
        .parameters(&["CreatedAfter", "CreatedBefore", "UpdatedAfter", "UpdatedBefore"])
        .parameters(&["IncludeDeleted", "Include", "Prefer"])
        .answers("A page that another one follows", "ContactPage", &first)
        .answers("The last page, with `Prefer: count=exact`", "ContactPage", &counted)
        .refuses([malformed("the parameter limit can only be a whole number from 1 to 200")])
}

fn get() -> Route {
    let found = |found| http::found(&request(), found).expect("the request has no preconditions");
    let links = crosswalk::contacts::Answer { json: with_links().to_string(), ..answer(&contact()) };
    Route::new(HttpMethod::Get, ONE, "get-contact", "Read a contact")
        .about("Answers the contact as it is now, or 304 to a caller who has this version already.")
        .scope(Scope::ContactsRead)
        .names(&["ContactId"])
        .parameters(&["IncludeDeleted", "Include", "IfNoneMatch"])
        .answers("The contact", "Contact", &found(Found::InCache(answer(&contact()))))
        .answers("With `include=links`", "Contact", &found(Found::WithLinks(links)))
        .answers("The caller has this version", None, &not_modified())
        .refuses([malformed("the parameter include can only be links"), not_found(), gone()])
}

fn replace() -> Route {
    Route::new(HttpMethod::Put, ONE, "replace-contact", "Replace a contact")
        .about(
            "Puts a whole contact in the place of the version that is named, in `If-Match` or as the body's `version`. \
             What the body leaves out has its default again. Where nothing differs the version stays.",
        )
        .scope(Scope::ContactsWrite)
        .names(&["ContactId"])
        .parameters(&["IfMatch"])
        .takes(&["application/json"], "NewContact", &[("The whole contact", with(given(), "version", &json!(1)))])
        .answers("The contact as it is now", "Contact", &http::changed(answer(&changed())))
        .refuses([not_json(), too_large(), media_type(), faults(), not_found(), gone()])
        .refuses(preconditions())
}

fn update() -> Route {
    let patch = json!({"company": null, "address": {"city": "Paris"}, "customFields": {"score": 43}});
    Route::new(HttpMethod::Patch, ONE, "update-contact", "Change parts of a contact")
        .about(
            "Applies a merge patch (RFC 7396) to the version that is named: `null` removes a member, what is absent stays, \
             and `address` and `customFields` are merged in the same way.",
        )
        .scope(Scope::ContactsWrite)
        .names(&["ContactId"])
        .parameters(&["IfMatch"])
        .takes(&["application/merge-patch+json", "application/json"], "ContactPatch", &[("A change", patch)])
        .answers("The contact as it is now", "Contact", &http::changed(answer(&changed())))
        .refuses([not_json(), too_large(), media_type(), faults(), not_found(), gone()])
        .refuses(preconditions())
}

fn delete() -> Route {
    Route::new(HttpMethod::Delete, ONE, "delete-contact", "Delete a contact")
        .about(
            "Deletes the version that is named. From then on the contact answers 410 and lists leave it out. It can be \
             restored for 30 days, unless the deployment says otherwise; then it is erased with its history.",
        )
        .scope(Scope::ContactsWrite)
        .names(&["ContactId"])
        .parameters(&["IfMatch"])
        .may_take("Version", &[("The version to be deleted", json!({"version": 2}))])
        .answers("It is deleted; the `ETag` is the version to be restored", None, &http::deleted(&answer(&deleted())))
        .refuses([not_json(), too_large(), media_type(), version_faults(), not_found(), gone()])
        .refuses(preconditions())
        .leads(204, "restore", "restore-contact", &[("id", "$request.path.id"), ("If-Match", "$response.header.ETag")])
}

fn restore() -> Route {
    Route::new(HttpMethod::Post, "/contacts/{id}/restore", "restore-contact", "Restore a deleted contact")
        .about("Brings the contact back as it was. One that is not deleted stays as it is.")
        .scope(Scope::ContactsWrite)
        .names(&["ContactId"])
        .parameters(&["IfMatch"])
        .may_take("Version", &[("The version to be restored", json!({"version": 3}))])
        .answers("The contact as it is now", "Contact", &http::changed(answer(&changed())))
        .refuses([not_json(), too_large(), media_type(), version_faults(), not_found()])
        .refuses(preconditions())
}

/// Their schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let total = whole(0, "How many match in all, with `Prefer: count=exact`.");
    let version = body(named_version().build(), &[]);
    components
        .schema("Contact", shown())
        .schema("Link", link())
        .schema("NewContact", new_contact())
        .schema("ContactPatch", patch())
        .schema("Version", version)
        .schema("ContactPage", page("Contact").property("total", total))
}

/// A contact as it is answered.
fn shown() -> Object {
    let Some(own) = own_members() else { unreachable!("a contact is a profile and what we add to it") };
    let mut contact = object::<Profile>();
    let mut members = own.properties;
    let after = members.split_off(1);
    members.extend(contact.properties);
    members.extend(after);
    contact.properties = members;
    contact.required = own.required.into_iter().chain(contact.required).collect();
    contact.description =
        Some("A contact. What it does not have is absent; `tags` and `customFields` are always there.".into());
    let links = list("Link").description(Some("Its links to records of CRMs, with `include=links`.")).build();
    contact.properties.insert("links".to_owned(), Schema::Array(links).into());
    contact
}

/// What of a contact is not its profile: the part of it that is not flattened.
fn own_members() -> Option<Object> {
    let RefOr::T(Schema::AllOf(AllOf { items, .. })) = Contact::schema() else { return None };
    items.into_iter().find_map(|item| if let RefOr::T(Schema::Object(own)) = item { Some(plain(own)) } else { None })
}

fn link() -> Object {
    let mut link = object::<ShownLink>();
    let state = words(["pending", "synced", "failing", "dead"], "How it stands between the two.");
    link.properties.insert("state".to_owned(), Schema::from(state).into());
    link
}

/// What a caller may send of a contact: its profile, the version it is about, and what only we set.
pub(super) fn editable() -> ObjectBuilder {
    let ignored = |it: ObjectBuilder, name: &str| it.property(name, any("Taken and ignored."));
    let editable = ObjectBuilder::from(object::<Profile>()).property("version", version());
    ["id", "createdAt", "updatedAt", "deletedAt", "links"].into_iter().fold(editable, ignored)
}

fn new_contact() -> Object {
    let mut contact = body(editable().build(), &MANDATORY);
    contact.description = Some("A whole contact.".to_owned());
    contact
}

/// Only what is given is changed, so nothing is mandatory; but what is mandatory can't be taken away.
fn patch() -> Object {
    let mut patch = body(editable().build(), &MANDATORY);
    patch.required.clear();
    patch.description = Some("A merge patch of a contact.".to_owned());
    patch
}

fn named_version() -> ObjectBuilder {
    ObjectBuilder::new().property("version", version())
}

fn version() -> ObjectBuilder {
    whole(1, "The version to be changed; another one than the current is a 409.").maximum(Some(i32::MAX))
}

/// Each change names the version that it changes.
fn preconditions() -> [Error; 3] {
    [Error::VersionConflict { current: 3 }, Error::PreconditionFailed { current: 3 }, Error::PreconditionRequired]
}

fn not_modified() -> crosswalk::Response {
    use lambda_http::http::header::IF_NONE_MATCH;
    let mut request = request();
    request.headers_mut().insert(IF_NONE_MATCH, lambda_http::http::HeaderValue::from_static("\"1\""));
    http::found(&request, Found::InCache(answer(&contact()))).expect("the tag is well-formed")
}

/// How a link names the contact and the version that an answer shows.
fn by_version() -> [(&'static str, &'static str); 2] {
    [("id", "$response.body#/id"), ("If-Match", "$response.header.ETag")]
}

fn with(mut value: Value, name: &str, member: &Value) -> Value {
    value[name] = member.clone();
    value
}

pub(super) fn malformed(text: &str) -> Error {
    Error::Malformed(text.to_owned())
}

pub(super) fn not_json() -> Error {
    malformed("the body is not JSON: expected value at line 1 column 7")
}

pub(super) fn too_large() -> Error {
    Error::BodyTooLarge { limit: 262_144 }
}

pub(super) fn media_type() -> Error {
    Error::UnsupportedMediaType("application/json")
}

pub(super) fn not_found() -> Error {
    Error::ContactNotFound(CONTACT.to_owned())
}

pub(super) fn gone() -> Error {
    Error::ContactDeleted(parsed(CONTACT))
}

pub(super) fn fault(pointer: &str, code: &'static str, detail: &str) -> Error {
    Error::Invalid(vec![crosswalk::error::Fault { pointer: pointer.to_owned(), code, detail: detail.to_owned() }])
}

fn version_faults() -> Error {
    fault("/version", "type", "must be a whole number from 1")
}

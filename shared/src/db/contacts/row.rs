//! A contact as a row, read and written.

use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};

use super::ShownLink;
use crate::contact::{Contact, CustomFields, Email, Note, Phone, Profile, Status, Tags, Text};
use crate::db::failed;
use crate::error::{Error, Result};
use crate::events::ContactEvent;
use crate::telemetry::TraceParent;

/// The columns of a contact, in the order that [`contact`] reads them.
macro_rules! columns {
    () => {
        "c.id, c.first_name, c.last_name, c.email, c.phone, c.company, c.title, c.address, c.notes, c.status, c.tags, \
         c.custom_fields, c.version, c.created_at, c.updated_at, c.deleted_at"
    };
}

pub(super) use columns;

/// A contact's links as JSON, in the order of their connections.
macro_rules! links {
    () => {
        "(select coalesce(json_agg(json_build_object('connection', l.connection_id, 'remoteId', l.remote_id, \
             'state', l.state, 'syncedAt', l.synced_at at time zone 'UTC' || 'Z') order by l.connection_id), '[]') \
         from links l where l.tenant_id = c.tenant_id and l.contact_id = c.id)"
    };
}
pub(super) use links;

/// The parameters that both statements share, `$1` to `$24`, in forms that PostgreSQL takes.
pub(super) struct Change<'a> {
    contact: &'a Contact,
    event: &'a ContactEvent,
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    phone: Option<&'a str>,
    company: Option<&'a str>,
    title: Option<&'a str>,
    address: Option<Json<&'a crate::contact::Address>>,
    notes: Option<&'a str>,
    status: &'static str,
    tags: Vec<&'a str>,
    custom_fields: Json<&'a CustomFields>,
    kind: &'static str,
    origin: Value,
    traceparent: Option<&'a str>,
}

impl<'a> Change<'a> {
    pub(super) fn new(contact: &'a Contact, event: &'a ContactEvent) -> Self {
        let profile = &contact.profile;
        Self {
            contact,
            event,
            first_name: profile.first_name.as_str(),
            last_name: profile.last_name.as_str(),
            email: profile.email.as_str(),
            phone: profile.phone.as_ref().map(Phone::as_str),
            company: profile.company.as_ref().map(Text::as_str),
            title: profile.title.as_ref().map(Text::as_str),
            address: profile.address.as_ref().map(Json),
            notes: profile.notes.as_ref().map(Note::as_str),
            status: profile.status.as_str(),
            tags: profile.tags.iter().collect(),
            custom_fields: Json(&profile.custom_fields),
            kind: event.kind.as_str(),
            origin: event.origin.to_json(),
            traceparent: event.traceparent.as_ref().map(TraceParent::as_str),
        }
    }

    pub(super) fn parameters<'b>(&'b self, tenant: &'b &'b str) -> Vec<&'b (dyn ToSql + Sync)> {
        vec![
            tenant,
            &self.contact.id,
            &self.first_name,
            &self.last_name,
            &self.email,
            &self.phone,
            &self.company,
            &self.title,
            &self.address,
            &self.notes,
            &self.status,
            &self.tags,
            &self.custom_fields,
            &self.contact.created_at,
            &self.contact.updated_at,
            &self.contact.deleted_at,
            &self.contact.version,
            &self.event.ce_id,
            &self.kind,
            &self.origin,
            &self.event.before,
            &self.event.after,
            &self.event.changed_fields,
            &self.traceparent,
        ]
    }
}

/// A row of [`columns`]. What is stored was checked before, so nothing is checked again.
pub(super) fn contact(row: &Row) -> Result<Contact> {
    let read = || -> Result<Contact, tokio_postgres::Error> {
        Ok(Contact {
            id: row.try_get(0)?,
            profile: Profile {
                first_name: Text::stored(row.try_get(1)?),
                last_name: Text::stored(row.try_get(2)?),
                email: Email::stored(row.try_get(3)?),
                phone: row.try_get::<_, Option<_>>(4)?.map(Phone::stored),
                company: row.try_get::<_, Option<_>>(5)?.map(Text::stored),
                title: row.try_get::<_, Option<_>>(6)?.map(Text::stored),
                address: row.try_get::<_, Option<Json<_>>>(7)?.map(|json| json.0),
                notes: row.try_get::<_, Option<_>>(8)?.map(Note::stored),
                status: Status::from_word(row.try_get(9)?).unwrap_or_default(),
                tags: Tags::stored(row.try_get(10)?),
                custom_fields: row.try_get::<_, Json<_>>(11)?.0,
            },
            version: row.try_get(12)?,
            created_at: row.try_get(13)?,
            updated_at: row.try_get(14)?,
            deleted_at: row.try_get(15)?,
        })
    };
    read().map_err(|error| Error::internal("read a row of contacts", error))
}

/// The column `links` of a row.
pub(super) fn links_of(row: &Row) -> Result<Vec<ShownLink>> {
    row.try_get::<_, Json<_>>("links").map(|json| json.0).map_err(failed)
}

//! Contacts and the events of their changes.

use deadpool_postgres::GenericClient;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use super::failed;
use crate::contact::{Contact, CustomFields, Email, Note, Phone, Profile, Status, Tags, Text};
use crate::error::{Error, Result};
use crate::events::ContactEvent;

/// The columns of a contact, in the order that [`contact`] reads them.
macro_rules! columns {
    () => {
        "c.id, c.first_name, c.last_name, c.email, c.phone, c.company, c.title, c.address, c.notes, c.status, c.tags, \
         c.custom_fields, c.version, c.created_at, c.updated_at, c.deleted_at"
    };
}

/// The key under which an answer is kept, and the answer.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Claim<'a> {
    pub client: &'a str,
    pub route: &'a str,
    pub key: &'a str,
    pub fingerprint: &'a [u8],
    pub body: &'a str,
}

/// How a contact is tied to a record in a CRM, as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Link {
    pub connection: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced_at: Option<jiff::Timestamp>,
}

/// The contact, deleted or not.
pub async fn find(db: &impl GenericClient, tenant: &str, id: Uuid) -> Result<Option<Contact>> {
    const SQL: &str = concat!("select ", columns!(), " from contacts c where c.tenant_id = $1 and c.id = $2");
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.query_opt(&statement, &[&tenant, &id]).await.map_err(failed)?.as_ref().map(contact).transpose()
}

/// The contact with its links, in the order of their connections.
pub async fn find_with_links(db: &impl GenericClient, tenant: &str, id: Uuid) -> Result<Option<(Contact, Vec<Link>)>> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        ", (select coalesce(json_agg(json_build_object('connection', l.connection_id, 'remoteId', l.remote_id, \
             'state', l.state, 'syncedAt', l.synced_at at time zone 'UTC' || 'Z') order by l.connection_id), '[]') \
             from links l where l.tenant_id = c.tenant_id and l.contact_id = c.id) \
         from contacts c where c.tenant_id = $1 and c.id = $2"
    );
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&tenant, &id]).await.map_err(failed)?;
    row.map(|row| Ok((contact(&row)?, row.try_get::<_, Json<Vec<Link>>>(16).map_err(failed)?.0))).transpose()
}

/// The contact, locked until the transaction ends.
pub async fn lock(db: &impl GenericClient, tenant: &str, id: Uuid) -> Result<Option<Contact>> {
    const SQL: &str =
        concat!("select ", columns!(), " from contacts c where c.tenant_id = $1 and c.id = $2 for no key update");
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.query_opt(&statement, &[&tenant, &id]).await.map_err(failed)?.as_ref().map(contact).transpose()
}

/// Inserts a contact with its event, and the claim of a key. `false`: the key is taken and nothing was done.
pub async fn insert(
    db: &impl GenericClient,
    tenant: &str,
    contact: &Contact,
    event: &ContactEvent,
    claim: Option<&Claim<'_>>,
) -> Result<bool, tokio_postgres::Error> {
    let statement = db.prepare_cached(include_str!("sql/insert_contact.sql")).await?;
    let change = Change::new(contact, event);
    let mut parameters = change.parameters(&tenant);
    let client = claim.map(|claim| claim.client);
    let route = claim.map(|claim| claim.route);
    let key = claim.map(|claim| claim.key);
    let fingerprint = claim.map(|claim| claim.fingerprint);
    let body = claim.map(|claim| claim.body);
    parameters.extend::<[&(dyn ToSql + Sync); 5]>([&client, &route, &key, &fingerprint, &body]);
    Ok(db.execute(&statement, &parameters).await? == 1)
}

/// Stores the contact's next version with its event. `false`: somebody else changed it first and nothing was done.
pub async fn update(
    db: &impl GenericClient,
    tenant: &str,
    contact: &Contact,
    event: &ContactEvent,
) -> Result<bool, tokio_postgres::Error> {
    let statement = db.prepare_cached(include_str!("sql/update_contact.sql")).await?;
    Ok(db.execute(&statement, &Change::new(contact, event).parameters(&tenant)).await? == 1)
}

/// The parameters that both statements share, `$1` to `$24`, in forms that PostgreSQL takes.
struct Change<'a> {
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
    fn new(contact: &'a Contact, event: &'a ContactEvent) -> Self {
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
            traceparent: event.traceparent.as_ref().map(crate::events::TraceParent::as_str),
        }
    }

    fn parameters<'b>(&'b self, tenant: &'b &'b str) -> Vec<&'b (dyn ToSql + Sync)> {
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
fn contact(row: &Row) -> Result<Contact> {
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

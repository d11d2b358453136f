//! Contacts and the events of their changes.

mod bulk;
mod list;
mod row;
mod statement;

use serde::Serialize;
use tokio_postgres::types::{Json, ToSql};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Claim, GenericClient, failed};
use crate::contact::{Contact, RemoteKey};
use crate::error::Result;
use crate::events::ContactEvent;
use crate::mapping::Record;
use row::{Change, columns, contact, links};

pub use bulk::{Located, Sought, Writes, locate, write};
pub use list::{Listed, Wanted, list};
pub use statement::{Statement, Value};

/// How a contact is tied to a record in a CRM, as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownLink {
    /// The CRM account.
    pub connection: String,
    /// The record, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub remote_id: Option<String>,
    /// `synced`, or what keeps it from that.
    pub state: String,
    /// When both sides were last the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub synced_at: Option<jiff::Timestamp>,
}

/// The contact, deleted or not.
pub async fn find(db: &impl GenericClient, tenant: &str, id: Uuid) -> Result<Option<Contact>> {
    const SQL: &str = concat!("select ", columns!(), " from contacts c where c.tenant_id = $1 and c.id = $2");
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.query_opt(&statement, &[&tenant, &id]).await.map_err(failed)?.as_ref().map(contact).transpose()
}

/// The contact with its links, in the order of their connections.
pub async fn find_with_links(
    db: &impl GenericClient,
    tenant: &str,
    id: Uuid,
) -> Result<Option<(Contact, Vec<ShownLink>)>> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        ", ",
        links!(),
        " as links from contacts c where c.tenant_id = $1 and c.id = $2"
    );
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&tenant, &id]).await.map_err(failed)?;
    row.map(|row| Ok((contact(&row)?, row::links_of(&row)?))).transpose()
}

/// What a record of a CRM is linked to: the contact, deleted or not, and the last record seen.
pub type Linked = (Contact, Option<Record>);

/// The contact that is linked to a record. The outer `None`: there is no such connection; the inner: no such link.
pub async fn find_by_record(
    db: &impl GenericClient,
    tenant: &str,
    key: &RemoteKey,
) -> Result<Option<(String, Option<Linked>)>> {
    const SQL: &str = concat!(
        "select ",
        columns!(),
        ", k.crm, l.base from connections k \
         left join links l on l.tenant_id = k.tenant_id and l.connection_id = k.id and l.remote_id = $3 \
         left join contacts c on c.tenant_id = l.tenant_id and c.id = l.contact_id \
         where k.tenant_id = $1 and k.id = $2"
    );
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&tenant, &key.connection, &key.remote_id]).await.map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let base = row.try_get::<_, Option<Json<_>>>("base").map_err(failed)?.map(|json| json.0);
    let there = row.try_get::<_, Option<Uuid>>(0).map_err(failed)?.is_some();
    let linked = there.then(|| Ok((contact(&row)?, base))).transpose()?;
    Ok(Some((row.try_get("crm").map_err(failed)?, linked)))
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
) -> Result<bool> {
    let statement = db.prepare_cached(include_str!("../sql/insert_contact.sql")).await.map_err(failed)?;
    let change = Change::new(contact, event);
    let mut parameters = change.parameters(&tenant);
    let client = claim.map(|claim| claim.client);
    let route = claim.map(|claim| claim.route);
    let key = claim.map(|claim| claim.key);
    let fingerprint = claim.map(|claim| claim.fingerprint);
    let body = claim.map(|claim| claim.body);
    parameters.extend::<[&(dyn ToSql + Sync); 5]>([&client, &route, &key, &fingerprint, &body]);
    Ok(db.execute(&statement, &parameters).await.map_err(failed)? == 1)
}

/// Stores the contact's next version with its event. `false`: somebody else changed it first and nothing was done.
pub async fn update(db: &impl GenericClient, tenant: &str, contact: &Contact, event: &ContactEvent) -> Result<bool> {
    let statement = db.prepare_cached(include_str!("../sql/update_contact.sql")).await.map_err(failed)?;
    let changed = db.execute(&statement, &Change::new(contact, event).parameters(&tenant)).await.map_err(failed)?;
    Ok(changed == 1)
}

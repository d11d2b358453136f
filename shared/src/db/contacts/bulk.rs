//! Many contacts at once: found and locked by one statement, written by one, whatever their number.

use deadpool_postgres::GenericClient;
use serde_json::{Value, json};
use uuid::Uuid;

use super::row::{columns, contact};
use crate::contact::{Contact, RemoteKey};
use crate::db::links::{Conflict, Link};
use crate::db::{Claim, failed};
use crate::error::{Error, Result};
use crate::events::{ContactEvent, TraceParent};

/// What a contact is sought by.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Its id. If it is sought by a record too, this is tried when no link has the record.
    pub id: Option<Uuid>,
    /// The record that it is linked to.
    pub remote: Option<RemoteKey>,
}

/// What is there of what was sought. The contact is locked until the transaction ends.
#[derive(Debug, Clone)]
pub struct Located {
    /// The contact, if there is one, deleted or not.
    pub contact: Option<Contact>,
    /// Whether its connection is there; true if it was sought without.
    pub connected: bool,
}

/// What a transaction writes.
#[derive(Debug, Default)]
pub struct Writes {
    /// The contacts in their next or first version, each with its event. The events get their ids in this order.
    pub contacts: Vec<(Contact, ContactEvent)>,
    /// Contacts that are to be tied to a connection no more.
    pub untied: Vec<(Uuid, String)>,
    /// The links as they are to be.
    pub links: Vec<Link>,
    /// What both sides changed at once.
    pub conflicts: Vec<Conflict>,
}

/// Finds contacts and locks them, in the order of their ids as everybody does; the answer is in the order of the question.
/// Keys of records must be locked already, so that nobody ties one of them to another contact meanwhile.
pub async fn locate(db: &impl GenericClient, tenant: &str, sought: &[Sought]) -> Result<Vec<Located>> {
    const SQL: &str = concat!(
        "with sought as materialized (\
             select s.n, coalesce(l.contact_id, s.id) as id, s.connection_id is null or k.id is not null as connected \
             from unnest($2::uuid[], $3::text[], $4::text[]) with ordinality s (id, connection_id, remote_id, n) \
             left join connections k on k.tenant_id = $1 and k.id = s.connection_id \
             left join links l \
                 on l.tenant_id = $1 and l.connection_id = s.connection_id and l.remote_id = s.remote_id \
         ), locked as materialized (\
             select * from contacts \
             where tenant_id = $1 and id = any(array(select id from sought)) order by id for no key update \
         ) select ",
        columns!(),
        ", s.connected from sought s left join locked c on c.id = s.id order by s.n"
    );
    let ids: Vec<_> = sought.iter().map(|it| it.id).collect();
    let connections: Vec<_> = sought.iter().map(|it| it.remote.as_ref().map(|key| key.connection.as_str())).collect();
    let remote_ids: Vec<_> = sought.iter().map(|it| it.remote.as_ref().map(|key| key.remote_id.as_str())).collect();
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let rows = db.query(&statement, &[&tenant, &ids, &connections, &remote_ids]).await.map_err(failed)?;
    let located = |row: &tokio_postgres::Row| {
        let there = row.try_get::<_, Option<Uuid>>(0).map_err(failed)?.is_some();
        let contact = there.then(|| contact(row)).transpose()?;
        Ok(Located { contact, connected: row.try_get("connected").map_err(failed)? })
    };
    rows.iter().map(located).collect()
}

/// Writes it all, and the answer that a key, claimed before, gives from now on. The contacts must be locked, so that none
/// can have another version by now.
pub async fn write(db: &impl GenericClient, tenant: &str, writes: &Writes, claim: Option<&Claim<'_>>) -> Result<()> {
    let contacts: Value = writes.contacts.iter().map(|(contact, event)| row_of(contact, event)).collect();
    let untie = |(contact, connection): &(Uuid, String)| json!({"contact_id": contact, "connection_id": connection});
    let untied: Value = writes.untied.iter().map(untie).collect();
    let links: Value = writes.links.iter().map(Link::to_row).collect();
    let conflicts: Value = writes.conflicts.iter().map(Conflict::to_row).collect();
    let (client, route) = (claim.map(|it| it.client), claim.map(|it| it.route));
    let (key, body) = (claim.map(|it| it.key), claim.map(|it| it.body));
    let statement = db.prepare_cached(include_str!("../sql/write_contacts.sql")).await.map_err(failed)?;
    let written = db
        .execute(&statement, &[&tenant, &contacts, &untied, &links, &conflicts, &client, &route, &key, &body])
        .await
        .map_err(failed)?;
    if usize::try_from(written) == Ok(writes.contacts.len()) {
        Ok(())
    } else {
        Err(Error::internal("write contacts", "the version of a locked contact moved"))
    }
}

/// A contact and its event as one object, whose members are columns.
fn row_of(contact: &Contact, event: &ContactEvent) -> Value {
    let profile = &contact.profile;
    json!({
        "id": contact.id,
        "first_name": profile.first_name,
        "last_name": profile.last_name,
        "email": profile.email,
        "phone": profile.phone,
        "company": profile.company,
        "title": profile.title,
        "address": profile.address,
        "notes": profile.notes,
        "status": profile.status,
        "tags": profile.tags,
        "custom_fields": profile.custom_fields,
        "version": contact.version,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
        "deleted_at": contact.deleted_at,
        "ce_id": event.ce_id,
        "type": event.kind.as_str(),
        "origin": event.origin.to_json(),
        "before": event.before,
        "after": event.after,
        "changed_fields": event.changed_fields,
        "traceparent": event.traceparent.as_ref().map(TraceParent::as_str),
    })
}

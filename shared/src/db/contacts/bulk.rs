//! Many contacts at once: found and locked by one statement, written by one, whatever their number.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::row::{columns, contact};
use crate::contact::{Contact, RemoteKey};
use crate::db::links::{Conflict, Link, Tombstone};
use crate::db::webhooks::Finished;
use crate::db::{Claim, GenericClient, failed};
use crate::error::{Error, Result};
use crate::events::ContactEvent;
use crate::telemetry::TraceParent;

/// What a contact is sought by.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// Whose it is.
    pub tenant: &'a str,
    /// Its id. If it is sought by a record too, this is tried when no link has the record.
    pub id: Option<Uuid>,
    /// The record that it is linked to.
    pub remote: Option<&'a RemoteKey>,
}

/// What is there of what was sought. The contact is locked until the transaction ends.
#[derive(Debug, Clone)]
pub struct Located {
    /// The contact, if there is one, deleted or not.
    pub contact: Option<Contact>,
    /// Whether its connection is there; true if it was sought without.
    pub connected: bool,
}

/// What a transaction writes for a tenant.
#[derive(Debug, Default)]
pub struct Writes {
    /// The contacts, each in its next or first version with the event of it. One that changes several times is there several
    /// times, in order. The events get their ids in this order.
    pub contacts: Vec<(Contact, ContactEvent)>,
    /// Contacts that are to be tied to a connection no more.
    pub untied: Vec<(Uuid, String)>,
    /// The links as they are to be.
    pub links: Vec<Link>,
    /// What both sides changed at once.
    pub conflicts: Vec<Conflict>,
    /// Records that are known to be deleted.
    pub tombstones: Vec<Tombstone>,
}

impl Writes {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        let Self { contacts, untied, links, conflicts, tombstones } = self;
        contacts.is_empty() && untied.is_empty() && links.is_empty() && conflicts.is_empty() && tombstones.is_empty()
    }
}

/// Finds contacts and locks them, in the order of their ids as everybody does; the answer is in the order of the question.
/// Keys of records must be locked already, so that nobody ties one of them to another contact meanwhile.
pub async fn locate(db: &impl GenericClient, sought: &[Sought<'_>]) -> Result<Vec<Located>> {
    const SQL: &str = concat!(
        "with sought as materialized (\
             select s.n, s.tenant_id, coalesce(l.contact_id, s.id) as id, \
                 s.connection_id is null or k.id is not null as connected \
             from unnest($1::text[], $2::uuid[], $3::text[], $4::text[]) \
                 with ordinality s (tenant_id, id, connection_id, remote_id, n) \
             left join connections k on k.tenant_id = s.tenant_id and k.id = s.connection_id \
             left join links l \
                 on l.tenant_id = s.tenant_id and l.connection_id = s.connection_id and l.remote_id = s.remote_id \
         ), locked as materialized (\
             select c.* from contacts c \
             where (c.tenant_id, c.id) in (select tenant_id, id from sought) order by c.id for no key update of c\
         ) select ",
        columns!(),
        ", s.connected from sought s left join locked c on c.tenant_id = s.tenant_id and c.id = s.id order by s.n"
    );
    let tenants: Vec<_> = sought.iter().map(|it| it.tenant).collect();
    let ids: Vec<_> = sought.iter().map(|it| it.id).collect();
    let connections: Vec<_> = sought.iter().map(|it| it.remote.map(|key| key.connection.as_str())).collect();
    let remote_ids: Vec<_> = sought.iter().map(|it| it.remote.map(|key| key.remote_id.as_str())).collect();
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let rows = db.query(&statement, &[&tenants, &ids, &connections, &remote_ids]).await.map_err(failed)?;
    let located = |row: &tokio_postgres::Row| {
        let there = row.try_get::<_, Option<Uuid>>(0).map_err(failed)?.is_some();
        let contact = there.then(|| contact(row)).transpose()?;
        Ok(Located { contact, connected: row.try_get("connected").map_err(failed)? })
    };
    rows.iter().map(located).collect()
}

/// Writes it all, each tenant's; the webhooks that are done with then; and the answer that a key, claimed before, gives from
/// now on. The contacts must be locked, so that none can have another version by now. `false`: one of the webhooks was done
/// with already, and the transaction must not be committed.
pub async fn write(
    db: &impl GenericClient,
    tenants: &[(&str, &Writes)],
    finished: &[Finished],
    claim: Option<&Claim<'_>>,
) -> Result<bool> {
    let contacts: Vec<_> = tenants.iter().flat_map(|(tenant, writes)| steps(tenant, &writes.contacts)).collect();
    let expected = (contacts.len(), finished.len());
    let contacts = Value::Array(contacts);
    let untie = |(contact, connection): &(Uuid, String)| json!({"contact_id": contact, "connection_id": connection});
    let untied = rows(tenants, |writes| writes.untied.iter().map(untie).collect());
    let links = rows(tenants, |writes| writes.links.iter().map(Link::to_row).collect());
    let conflicts = rows(tenants, |writes| writes.conflicts.iter().map(Conflict::to_row).collect());
    let tombstones = rows(tenants, |writes| writes.tombstones.iter().map(Tombstone::to_row).collect());
    let finished: Value = finished.iter().map(Finished::to_row).collect();
    let tenant = claim.and(tenants.first()).map(|(tenant, _)| *tenant);
    let (client, route) = (claim.map(|it| it.client), claim.map(|it| it.route));
    let (key, body) = (claim.map(|it| it.key), claim.map(|it| it.body));
    let statement = db.prepare_cached(include_str!("../sql/write_contacts.sql")).await.map_err(failed)?;
    let parameters: [&(dyn ToSql + Sync); 11] =
        [&contacts, &untied, &links, &conflicts, &tombstones, &finished, &tenant, &client, &route, &key, &body];
    let row = db.query_one(&statement, &parameters).await.map_err(failed)?;
    let count = |index: usize| row.try_get::<_, i64>(index).map(|count| usize::try_from(count).unwrap_or(0));
    let written = (count(0).map_err(failed)?, count(1).map_err(failed)?);
    if written.0 == expected.0 {
        Ok(written.1 == expected.1)
    } else {
        Err(Error::internal("write contacts", "the version of a locked contact moved"))
    }
}

/// Rows of all tenants, each with its tenant.
fn rows(tenants: &[(&str, &Writes)], of: impl Fn(&Writes) -> Vec<Value>) -> Value {
    let rows = tenants.iter().flat_map(|&(tenant, writes)| {
        of(writes).into_iter().map(move |mut row| {
            row["tenant_id"] = json!(tenant);
            row
        })
    });
    rows.collect()
}

/// The steps that contacts take, as rows: each knows from which version its contact set out, and which is the last.
fn steps(tenant: &str, contacts: &[(Contact, ContactEvent)]) -> Vec<Value> {
    let mut was: HashMap<Uuid, i32> = HashMap::new();
    let mut last: HashMap<Uuid, usize> = HashMap::new();
    for (index, (contact, _)) in contacts.iter().enumerate() {
        was.entry(contact.id).or_insert(contact.version - 1);
        last.insert(contact.id, index);
    }
    let row = |(index, (contact, event)): (usize, &(Contact, ContactEvent))| {
        let mut row = row_of(contact, event);
        row["tenant_id"] = json!(tenant);
        row["was"] = json!(was.get(&contact.id));
        row["is_last"] = json!(last.get(&contact.id) == Some(&index));
        row
    };
    contacts.iter().enumerate().map(row).collect()
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

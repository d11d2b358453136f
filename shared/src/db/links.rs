//! Links: which contact is which record of a CRM, and what was last seen of it.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::failed;
use crate::contact::RemoteKey;
use crate::error::Result;
use crate::mapping::{Record, Stamp};

/// A link.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Our side.
    pub contact_id: Uuid,
    /// Their side: in which CRM account, …
    pub connection: String,
    /// … and by which id; `None` while the first write to the CRM has not been answered.
    pub remote_id: Option<String>,
    /// The last whole record seen.
    pub base: Option<Record>,
    /// How new that was.
    pub base_stamp: Option<Stamp>,
    /// The version of the contact that the CRM has.
    pub pushed_version: i32,
    /// Where it stands.
    pub state: LinkState,
    /// How often writing to the CRM has failed in a row.
    pub attempts: i32,
    /// When to write to the CRM again.
    pub retry_at: Option<Timestamp>,
    /// Why the last try failed.
    pub failure: Option<String>,
    /// When both sides were last the same.
    pub synced_at: Option<Timestamp>,
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Something has to be written to the CRM.
    Pending,
    /// Both sides are the same.
    Synced,
    /// Writing failed and will be tried again.
    Failing,
    /// Writing failed for good.
    Dead,
}

/// A field that both sides changed at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// Of which contact.
    pub contact_id: Uuid,
    /// With which CRM account.
    pub connection: String,
    /// The field, in our form; a custom field is `customFields/<name>`.
    pub field: String,
    /// What we had; `None` if nothing.
    pub ours: Option<Value>,
    /// What they had.
    pub theirs: Option<Value>,
    /// Which of the two was kept.
    pub kept: Side,
    /// When.
    pub occurred_at: Timestamp,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    Ours,
    Theirs,
}

/// Locks the keys of records until the transaction ends, in one order for all: nobody else ties them to a contact
/// meanwhile. What is there must be read by a later statement, which sees what the last holder left.
pub async fn lock_keys(db: &impl GenericClient, tenant: &str, keys: &[&RemoteKey]) -> Result<()> {
    const SQL: &str = "select pg_advisory_xact_lock(hash) from (\
                           select distinct hashtextextended($1 || '/' || connection_id || '/' || remote_id, 0) as hash \
                           from unnest($2::text[], $3::text[]) as key (connection_id, remote_id) order by hash \
                       ) keys";
    let connections: Vec<_> = keys.iter().map(|key| key.connection.as_str()).collect();
    let remote_ids: Vec<_> = keys.iter().map(|key| key.remote_id.as_str()).collect();
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.execute(&statement, &[&tenant, &connections, &remote_ids]).await.map_err(failed)?;
    Ok(())
}

/// The link of a contact to a CRM account, if there is one, and when the contact was last changed by anybody but that
/// account since the CRM was told. The contact must be locked.
pub async fn find(
    db: &impl GenericClient,
    tenant: &str,
    contact: Uuid,
    connection: &str,
) -> Result<Option<(Link, Option<Timestamp>)>> {
    const SQL: &str = "select remote_id, base, base_timestamp, base_version, pushed_version, state, attempts, retry_at, \
                           failure, synced_at, (\
                               select max(occurred_at) from contact_events e \
                               where e.tenant_id = $1 and e.contact_id = $2 and e.version > l.pushed_version \
                                 and e.origin ->> 'connection' is distinct from $3\
                           ) \
                       from links l where tenant_id = $1 and contact_id = $2 and connection_id = $3";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&tenant, &contact, &connection]).await.map_err(failed)?;
    let read = |row: tokio_postgres::Row| -> Result<_, tokio_postgres::Error> {
        let version = row.try_get(3)?;
        let link = Link {
            contact_id: contact,
            connection: connection.to_owned(),
            remote_id: row.try_get(0)?,
            base: row.try_get::<_, Option<Json<_>>>(1)?.map(|json| json.0),
            base_stamp: row.try_get::<_, Option<_>>(2)?.map(|at| Stamp { at, version }),
            pushed_version: row.try_get(4)?,
            state: LinkState::from_word(row.try_get(5)?),
            attempts: row.try_get(6)?,
            retry_at: row.try_get(7)?,
            failure: row.try_get(8)?,
            synced_at: row.try_get(9)?,
        };
        Ok((link, row.try_get(10)?))
    };
    row.map(read).transpose().map_err(failed)
}

impl Link {
    /// A new link, of which nothing has been seen yet.
    pub fn new(contact_id: Uuid, key: RemoteKey) -> Self {
        Self {
            contact_id,
            connection: key.connection,
            remote_id: Some(key.remote_id),
            base: None,
            base_stamp: None,
            pushed_version: 0,
            state: LinkState::Pending,
            attempts: 0,
            retry_at: None,
            failure: None,
            synced_at: None,
        }
    }

    pub(super) fn to_row(&self) -> Value {
        json!({
            "contact_id": self.contact_id,
            "connection_id": self.connection,
            "remote_id": self.remote_id,
            "base": self.base,
            "base_timestamp": self.base_stamp.map(|stamp| stamp.at),
            "base_version": self.base_stamp.and_then(|stamp| stamp.version),
            "pushed_version": self.pushed_version,
            "state": self.state.as_str(),
            "attempts": self.attempts,
            "retry_at": self.retry_at,
            "failure": self.failure,
            "synced_at": self.synced_at,
        })
    }
}

impl LinkState {
    const ALL: [Self; 4] = [Self::Pending, Self::Synced, Self::Failing, Self::Dead];

    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Synced => "synced",
            Self::Failing => "failing",
            Self::Dead => "dead",
        }
    }

    fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(Self::Pending)
    }
}

impl Conflict {
    pub(super) fn to_row(&self) -> Value {
        json!({
            "contact_id": self.contact_id,
            "connection_id": self.connection,
            "field": self.field,
            "ours": self.ours,
            "theirs": self.theirs,
            "kept": match self.kept {
                Side::Ours => "ours",
                Side::Theirs => "theirs",
            },
            "occurred_at": self.occurred_at,
        })
    }
}

//! A linked contact in its CRM's form.

use crate::app::App;
use crate::auth::Caller;
use crate::contact::RemoteKey;
use crate::db;
use crate::error::{Error, Result};
use crate::mapping::Record;

use super::crm_of;

/// The contact that is linked to a record, as the CRM would have it: what the CRM last said, with our fields over it.
pub async fn get(app: &App, caller: &Caller, key: &RemoteKey) -> Result<Record> {
    let connection = app.database.get().await?;
    let found = db::contacts::find_by_record(&connection, &caller.tenant, key).await?;
    let (crm, linked) = found.ok_or_else(|| Error::ConnectionNotFound(key.connection.clone()))?;
    let (contact, base) = linked.ok_or_else(|| Error::RecordNotFound(key.remote_id.clone()))?;
    if contact.deleted_at.is_some() {
        return Err(Error::ContactDeleted(contact.id));
    }
    let crm = crm_of(&crm)?;
    let base = base.unwrap_or_else(|| crm.named(&key.remote_id));
    Ok(crm.from_contact(&contact, Some(&base), &app.rules))
}

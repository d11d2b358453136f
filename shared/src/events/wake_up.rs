//! Records of our topics are wake-ups: each names what there may be work for, and no more.

use uuid::Uuid;

use super::KafkaRecord;

impl KafkaRecord<'_> {
    /// The webhook that a record of the topic of webhooks is about, or why there is none to be read.
    pub fn webhook(&self) -> Result<Uuid, String> {
        let id = self.value()?["id"].as_str().and_then(|id| id.parse().ok());
        id.ok_or_else(|| "its value names no webhook".to_owned())
    }

    /// The tenant and the contact that a record of the topic of contacts is about, or why there is none to be read.
    pub fn contact(&self) -> Result<(String, Uuid), String> {
        let id = self.key()?.parse().map_err(|_| "its key is no contact's id")?;
        let tenant = self.header("ce_tenantid").ok_or("it has no header ce_tenantid")?;
        // What can't be the id of one is not asked for.
        let plain = tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if plain { Ok((tenant, id)) } else { Err("its header ce_tenantid is no tenant's id".to_owned()) }
    }
}

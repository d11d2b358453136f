//! The secret of a connection: how we log in at the CRM, and how the CRM signs what it sends.

use serde::Deserialize;

/// `{username, password, webhookSecret, previousWebhookSecret}`, the last of them only while it is still in use.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it")]
pub struct Account {
    pub username: String,
    pub password: String,
    pub webhook_secret: String,
    #[serde(default)]
    pub previous_webhook_secret: Option<String>,
}

/// Where an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountAt {
    /// Whose it is.
    pub tenant: String,
    /// The connection's id.
    pub connection: String,
    /// The CRM's address.
    pub base_url: String,
    /// The name of the secret.
    pub secret: String,
}

impl Account {
    /// What the CRM may have signed with.
    pub fn webhook_secrets(&self) -> Vec<&str> {
        [Some(&self.webhook_secret), self.previous_webhook_secret.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect()
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Account(…)")
    }
}

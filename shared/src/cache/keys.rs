//! The names of keys. What stands in braces decides the slot on a cluster, so everything that one request
//! asks in one pipeline carries the same braces.

use std::fmt::Display;
use uuid::Uuid;

use crate::source::Source;

/// Names keys, behind the deployment's prefix.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a> {
    prefix: &'a str,
}

impl<'a> Keys<'a> {
    pub(super) fn new(prefix: &'a str) -> Self {
        Self { prefix }
    }

    /// A contact.
    pub fn contact(self, tenant: &str, id: Uuid) -> String {
        self.tagged(tenant, format_args!("contact:{id}"))
    }

    /// A client's use of its quota.
    pub fn rate(self, tenant: &str, client: &str) -> String {
        self.tagged(tenant, format_args!("rate:{client}"))
    }

    /// A connection's use of its quota of webhooks.
    pub fn webhooks(self, tenant: &str, connection: &str) -> String {
        self.tagged(tenant, format_args!("webhooks:{connection}"))
    }

    /// Calls to a connection's CRM.
    pub fn calls(self, tenant: &str, connection: &str) -> String {
        self.tagged(tenant, format_args!("crm:{connection}:calls"))
    }

    /// When the next of a connection's contacts that wait comes round.
    pub fn slots(self, tenant: &str, connection: &str) -> String {
        self.tagged(tenant, format_args!("crm:{connection}:slots"))
    }

    /// What a connection's CRM gave us to log in with.
    pub fn pass(self, tenant: &str, connection: &str) -> String {
        self.tagged(tenant, format_args!("crm:{connection}:pass"))
    }

    /// There while somebody logs in at a connection's CRM.
    pub fn login(self, tenant: &str, connection: &str) -> String {
        self.tagged(tenant, format_args!("crm:{connection}:login"))
    }

    /// The tenant's revoked tokens, and its clients whose older tokens are refused.
    pub fn revocations(self, tenant: &str) -> String {
        self.tagged(tenant, "revocations")
    }

    /// A client's use of the token endpoint. All keys of the endpoint share a slot: they are asked together, before the
    /// tenant is known, and the endpoint is the least used of all.
    pub fn token_client(self, client: &str) -> String {
        self.tagged("token", format_args!("client:{client}"))
    }

    /// The failed logins from a source.
    pub fn token_source(self, source: Source) -> String {
        self.tagged("token", format_args!("address:{source}"))
    }

    /// The failed logins from a source as one client.
    pub fn token_source_client(self, source: Source, client: &str) -> String {
        self.tagged("token", format_args!("address:{source}:{client}"))
    }

    fn tagged(self, tag: &str, rest: impl Display) -> String {
        format!("{}{{{tag}}}:{rest}", self.prefix)
    }
}

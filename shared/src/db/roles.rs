//! The role that the functions work as: made, bounded and granted what it needs, and no more.

use postgres_protocol::password::scram_sha_256;
use tokio_postgres::Client;

use super::{Credentials, failed};
use crate::error::{Error, Result};

/// Settings belong to the role. Given as options at the start of each connection, RDS Proxy would refuse them.
const SETTINGS: [(&str, &str); 5] = [
    ("statement_timeout", "5s"),
    ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "5s"),
    // Frees the sessions of instances that were killed before they could close them. It is longer than RDS Proxy's
    // IdleClientTimeout of 300 s, so that behind the proxy the proxy closes them first.
    ("idle_session_timeout", "10min"),
    // No statement here runs for long enough to be worth compiling. A list's has parts that seldom run and look dear to
    // the planner; for their sake it would spend ten milliseconds on machine code.
    ("jit", "off"),
];

/// Makes the role of these credentials what it must be, and gives it their password.
pub async fn ensure(owner: &Client, credentials: &Credentials) -> Result<()> {
    grant(owner, credentials).await?;
    set_password(owner, &credentials.username, &credentials.password).await
}

/// Gives a role another password.
pub async fn set_password(owner: &Client, role: &str, password: &str) -> Result<()> {
    let role = identifier(role)?;
    // The server gets a verifier: neither its log nor pg_stat_statements ever sees the password.
    let verifier = scram_sha_256(password.as_bytes());
    owner.batch_execute(&format!("alter role {role} login password '{verifier}'")).await.map_err(failed)
}

/// Makes the role of these credentials, and lets it do what the functions do. Running it again changes nothing.
///
/// The role cannot write tenants, clients and connections: no function does, and a connection's address decides where its
/// credentials are sent, a client's row who gets tokens.
pub async fn grant(owner: &Client, credentials: &Credentials) -> Result<()> {
    let role = identifier(&credentials.username)?;
    let database = identifier(&credentials.dbname)?;
    let settings = SETTINGS.map(|(name, value)| format!("alter role {role} set {name} = '{value}';")).concat();
    let sql = format!(
        "do $$ begin
             create role {role} login;
         exception when duplicate_object then null;
         end $$;
         {settings}
         grant connect on database {database} to {role};
         grant usage on schema public to {role};
         grant select, insert, update, delete on all tables in schema public to {role};
         grant select, usage on all sequences in schema public to {role};
         revoke insert, update, delete on refinery_schema_history, tenants, clients, connections from {role};"
    );
    owner.batch_execute(&sql).await.map_err(failed)
}

/// A name that needs no quoting: anything else in a secret is a mistake, and none that should reach SQL.
fn identifier(name: &str) -> Result<&str> {
    let plain = !name.is_empty()
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain { Ok(name) } else { Err(Error::internal("name a role", "use a-z, 0-9 and _ in role and database names")) }
}

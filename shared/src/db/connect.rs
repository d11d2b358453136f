//! How connections are opened: with the secret's credentials, encrypted unless configuration says otherwise.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio_postgres::Config as PgConfig;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::session::{Sessions, TerminatingConnect};
use crate::config::{Database as Settings, Tls};
use crate::error::{Error, Result};

/// How long to wait for a connection that others have.
const WAIT: Duration = Duration::from_secs(5);

/// Where a database is, and who works there.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Credentials {
    pub host: String,
    pub port: u16,
    pub dbname: String,
    pub username: String,
    pub password: String,
}

/// The secret of a database role, in the form that Secrets Manager's rotation for RDS uses.
#[derive(Clone, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Login {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub dbname: Option<String>,
    pub username: String,
    pub password: String,
}

/// PostgreSQL's own.
const PORT: u16 = 5432;

impl Login {
    /// The same with an address, which the settings may give and otherwise the secret must.
    pub fn at(self, settings: &Settings) -> Result<Credentials> {
        let missing =
            |what| move || Error::internal("find the database", format!("neither secret nor settings say {what}"));
        Ok(Credentials {
            host: settings.host.clone().or(self.host).ok_or_else(missing("where it is"))?,
            port: settings.port.or(self.port).unwrap_or(PORT),
            dbname: settings.name.clone().or(self.dbname).ok_or_else(missing("its name"))?,
            username: self.username,
            password: self.password,
        })
    }
}

/// A pool for a role. Nothing connects yet.
pub fn pool(settings: &Settings, login: Login, sessions: Sessions) -> Result<Pool> {
    let credentials = login.at(settings)?;
    let mut config = PgConfig::new();
    config
        .host(&credentials.host)
        .port(credentials.port)
        .dbname(&credentials.dbname)
        .user(&credentials.username)
        .password(&credentials.password)
        .application_name("crosswalk")
        .tcp_user_timeout(Duration::from_secs(10))
        .keepalives_idle(Duration::from_secs(30))
        .ssl_mode(match settings.tls {
            Tls::Verify => SslMode::Require,
            Tls::Off => SslMode::Disable,
        });
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match settings.tls {
        Tls::Off => Manager::from_connect(config, TerminatingConnect { tls: NoTls, sessions }, recycling),
        Tls::Verify => {
            let tls = MakeRustlsConnect::new(trusting(settings.ca.as_deref())?);
            Manager::from_connect(config, TerminatingConnect { tls, sessions }, recycling)
        }
    };
    Pool::builder(manager)
        .max_size(settings.pool)
        // A server that accepts and then says nothing must not hold us either, so the limit is on all of connecting.
        .create_timeout(Some(settings.connect))
        // Others have the connections: each of their statements is bounded by the role's time-outs.
        .wait_timeout(Some(WAIT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| Error::internal("build the pool", error))
}

/// Verifies servers against the system's authorities and those of a bundle.
fn trusting(bundle: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = bundle {
        let read = |error: rustls::pki_types::pem::Error| {
            Error::internal("read the CA bundle", format!("{}: {error}", path.display()))
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(read)? {
            let certificate = certificate.map_err(read)?;
            roots
                .add(certificate)
                .map_err(|error| Error::internal("read the CA bundle", format!("{}: {error}", path.display())))?;
        }
    }
    Ok(ClientConfig::builder().with_root_certificates(Arc::new(roots)).with_no_client_auth())
}

//! Connections are encrypted, and servers that can't prove who they are get nothing.

use lambda_http::http::Request;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use support::app::{Setup, TestApp};
use support::runtime_api::Function;
use support::tls::{Authority, Opening};
use support::{gateway, services};
use url::Url;

/// The application behind TLS ends for PostgreSQL and Redis.
async fn encrypted(authority: &Authority) -> TestApp {
    let target = |url: String| {
        let url = Url::parse(&url).unwrap();
        format!("{}:{}", url.host_str().unwrap(), url.port().unwrap())
    };
    let postgres = authority.before(target(services::database_url()), Opening::PostgreSql).await;
    let redis = authority.before(target(services::redis_url()), Opening::Plain).await;
    Setup::default()
        .database_at("localhost", postgres)
        .redis_at(&format!("rediss://localhost:{redis}"))
        .setting("CROSSWALK_DATABASE_TLS", "verify")
        .start()
        .await
}

/// What a function in a process of its own says of its stores.
async fn health(test: &TestApp, trusted: &[(&str, String)]) -> Value {
    let mut environment = test.environment.clone();
    environment.extend(trusted.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let function = Function::start("check-health", environment).await;
    let request = Request::builder().uri("/health").body(bytes::Bytes::new()).unwrap();
    let answer = gateway::call(&function, "GET /health", &request).await.unwrap();
    serde_json::from_slice(answer.body()).unwrap()
}

#[tokio::test]
async fn servers_of_a_trusted_authority_are_used_over_tls() {
    let authority = Authority::new();
    let test = encrypted(&authority).await;
    let bundle = authority.bundle().display().to_string();
    // Redis is verified against the system's authorities, which OpenSSL's variable replaces.
    let trusted = [("CROSSWALK_DATABASE_CA", bundle.clone()), ("SSL_CERT_FILE", bundle)];
    let health = health(&test, &trusted).await;
    assert_eq!((health["database"].as_str(), health["redis"].as_str()), (Some("up"), Some("up")));
}

#[tokio::test]
async fn servers_of_an_unknown_authority_get_nothing() {
    let authority = Authority::new();
    let test = encrypted(&authority).await;
    let health = health(&test, &[]).await;
    assert_eq!((health["database"].as_str(), health["redis"].as_str()), (Some("down"), Some("down")));
}

#[test]
fn the_authorities_of_rds_that_are_deployed_can_be_trusted() {
    let bundle = include_bytes!("../../infrastructure/authorities/rds.pem");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle) {
        roots.add(certificate.unwrap()).unwrap();
    }
    assert_eq!(roots.len(), 81, "three kinds of key for each region");
}

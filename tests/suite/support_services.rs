//! The local services, which have no credentials or well-known ones, are reachable from this machine alone.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use support::services;
use url::Url;

/// Another address of the same machine: a server that listens on all addresses answers there too.
const OTHER_LOOPBACK: [u8; 4] = [127, 0, 0, 2];

#[test]
fn local_services_listen_on_the_loopback_address_alone() {
    let kafka = format!("kafka://{}", services::kafka_brokers());
    let addresses = [
        services::database_url(),
        services::redis_url(),
        services::crm_redis_url(),
        services::aws_endpoint_url(),
        kafka,
    ];
    for address in addresses {
        let port = Url::parse(&address).unwrap().port().expect("a port of its own");
        let other = TcpStream::connect_timeout(&SocketAddr::from((OTHER_LOOPBACK, port)), Duration::from_secs(2));
        assert!(other.is_err(), "{address} answers at {other:?} too");
    }
}

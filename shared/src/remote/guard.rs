//! Where a CRM may be. Its address is data of a tenant, and whoever may write that must not make us speak to what only we can
//! reach: our own stores, other functions, the metadata of the machine
//! (<https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html>).
//!
//! The address that is checked is the one that is connected to: a name is resolved once, by the client, through [`Public`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Resolves names to addresses that everybody can reach. A name with any other is refused, whatever else it has.
pub(super) struct Public;

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if addresses.iter().all(|address| is_public(address.ip())) {
                Ok(Box::new(addresses.into_iter()) as Addrs)
            } else {
                Err(io::Error::other("the name leads to an address that is not public").into())
            }
        })
    }
}

/// Whether the URL may be asked as far as it says itself: over TLS, and not by an address that is not public. Names are
/// checked when they are resolved.
pub(super) fn may_be_asked(url: &Url) -> bool {
    let public = match url.host() {
        Some(Host::Domain(_)) => true,
        Some(Host::Ipv4(address)) => is_public(address.into()),
        Some(Host::Ipv6(address)) => is_public(address.into()),
        None => false,
    };
    url.scheme() == "https" && public
}

/// Whether everybody can reach an address, by IANA's registries of special-purpose addresses.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(embedded) => is_public_v4(embedded),
            None => is_public_v6(address),
        },
    }
}

/// <https://www.iana.org/assignments/iana-ipv4-special-registry/>
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0);
    let relays = (a, b, c) == (192, 88, 99);
    let benchmarks = a == 198 && (b == 18 || b == 19);
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || shared
        || protocols
        || relays
        || benchmarks
        || a >= 240)
}

/// Only what is given out to networks (`2000::/3`), without what is set apart in it.
/// <https://www.iana.org/assignments/iana-ipv6-special-registry/>
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let protocols = a == 0x2001 && b < 0x0200;
    let documentation = (a, b) == (0x2001, 0x0db8) || (a == 0x3fff && b < 0x1000);
    (0x2000..0x4000).contains(&a) && !protocols && !documentation
}

/// The IPv4 address that an IPv6 address stands for: mapped, translated (RFC 6052), or by 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Public, is_public, may_be_asked};
    use reqwest::dns::{Name, Resolve};

    #[test]
    fn only_what_everybody_can_reach_is_public() {
        for public in ["1.1.1.1", "52.94.236.248", "100.63.0.1", "198.17.0.1", "2606:4700::1111", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for ours in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "2001::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
        ] {
            assert!(!is_public(ours.parse().unwrap()), "{ours}");
        }
    }

    #[test]
    fn a_url_says_no_more_than_a_public_host_over_tls() {
        let asked = |url: &str| may_be_asked(&url.parse().unwrap());
        assert!(asked("https://crm.example.com/v1") && asked("https://1.1.1.1"));
        // Numbers in other forms are addresses too.
        for url in [
            "http://crm.example.com",
            "https://127.1",
            "https://0x7f000001",
            "https://2130706433",
            "https://[::1]",
            "https://169.254.169.254/latest",
            "ftp://crm.example.com",
            "data:,",
        ] {
            assert!(!asked(url), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_refused() {
        let name: Name = "localhost".parse().unwrap();
        assert!(Public.resolve(name).await.is_err());
    }
}

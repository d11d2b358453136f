//! The source of a request, as far as requests are counted by it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// An IPv4 address, or the /64 network of an IPv6 address: one host has a whole network to choose addresses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// The upper 64 bits of an IPv6 address.
    V6(u64),
    /// The request has no readable address. All such requests are counted together.
    Unknown,
}

impl Source {
    /// The source of a request from this address.
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self::V4(address),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments().map(u64::from);
                Self::V6(a << 48 | b << 32 | c << 16 | d)
            }
            None => Self::Unknown,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => address.fmt(f),
            Self::V6(network) => write!(f, "{network:016x}/64"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn ipv6_addresses_of_one_network_are_one_source() {
        let of = |address: &str| Source::of(address.parse().ok());
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("unreadable"), Source::Unknown);
        assert_eq!(
            ["192.0.2.1", "2001:db8:0:1::1", ""].map(|it| of(it).to_string()),
            ["192.0.2.1", "20010db800000001/64", "unknown"]
        );
    }
}

//! The relay's settings. The first words of each comment are the variable and its default.

use std::str::FromStr;
use std::time::Duration;

use crosswalk::config::{ConfigError, Env};
use crosswalk::db::outbox::Bounds;

/// A new producer takes half a second until its first record, which must be delivered in four fifths of the lease.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// The relay's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `CROSSWALK_KAFKA_BROKERS`: where to find the brokers, `host:port`, separated by commas.
    pub brokers: String,
    /// `CROSSWALK_KAFKA_AUTH` = `msk-iam`: `msk-iam`, `tls`, or `none` for a broker that listens in the clear.
    pub auth: Auth,
    /// `CROSSWALK_CONTACTS_TOPIC` = `crosswalk.contacts`.
    pub contacts_topic: String,
    /// `CROSSWALK_WEBHOOKS_TOPIC` = `crosswalk.webhooks`.
    pub webhooks_topic: String,
    /// `CROSSWALK_SHIFT_SECONDS` = 115. The schedule starts one every 60 s, so at any time one or two run: one works, and
    /// the other waits for its lease. With 120 s or more, three would run at times.
    pub shift: Duration,
    /// `CROSSWALK_LEASE_MS` = 5000, at least 1000. It is renewed each fifth of it, and a record that is not delivered
    /// in four fifths of it has failed.
    pub lease: Duration,
    /// `CROSSWALK_FLOOR_SECONDS` = 60: how old a candidate must be before the floor may rise to it.
    pub floor: Duration,
    /// `CROSSWALK_BATCH_ROWS` = 1000 and `CROSSWALK_BATCH_BYTES` = 8388608: how much is claimed, sent and marked at
    /// once.
    pub batch: Bounds,
}

/// How the brokers know us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    None,
    /// Not at all, but the connection is encrypted and the broker checked.
    Tls,
    /// As the function's role (Amazon MSK's IAM access control), encrypted.
    MskIam,
}

impl Settings {
    /// Reads an environment.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        let brokers = env.text("CROSSWALK_KAFKA_BROKERS");
        if brokers.is_empty() {
            return Err(ConfigError { name: "CROSSWALK_KAFKA_BROKERS", value: brokers });
        }
        let lease = env.millis("CROSSWALK_LEASE_MS", 5_000)?;
        if lease < SHORTEST_LEASE {
            return Err(ConfigError { name: "CROSSWALK_LEASE_MS", value: lease.as_millis().to_string() });
        }
        Ok(Self {
            brokers,
            auth: env.parse("CROSSWALK_KAFKA_AUTH", Auth::MskIam)?,
            contacts_topic: env.parse("CROSSWALK_CONTACTS_TOPIC", "crosswalk.contacts".to_owned())?,
            webhooks_topic: env.parse("CROSSWALK_WEBHOOKS_TOPIC", "crosswalk.webhooks".to_owned())?,
            shift: env.seconds("CROSSWALK_SHIFT_SECONDS", 115)?,
            lease,
            floor: env.seconds("CROSSWALK_FLOOR_SECONDS", 60)?,
            batch: Bounds {
                rows: env.parse("CROSSWALK_BATCH_ROWS", 1_000)?,
                bytes: env.parse("CROSSWALK_BATCH_BYTES", 8 * 1024 * 1024)?,
            },
        })
    }

    /// How long a record may be on its way. Shorter than the lease: what was sent under a lease is over when that is.
    pub fn delivery(&self) -> Duration {
        self.lease * 4 / 5
    }
}

impl FromStr for Auth {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "none" => Ok(Self::None),
            "tls" => Ok(Self::Tls),
            "msk-iam" => Ok(Self::MskIam),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Auth, Settings};
    use crosswalk::config::Env;

    #[test]
    fn what_is_left_out_fits_production() {
        let settings = Settings::read(&Env::from_iter([("CROSSWALK_KAFKA_BROKERS", "b-1:9098")])).unwrap();
        assert_eq!(settings.auth, Auth::MskIam);
        assert_eq!(settings.contacts_topic, "crosswalk.contacts");
        assert_eq!(settings.webhooks_topic, "crosswalk.webhooks");
        assert!(settings.delivery() < settings.lease);
    }

    #[test]
    fn default_run_overlaps_the_next_but_not_the_one_after() {
        let schedule = std::time::Duration::from_mins(1);
        let settings = Settings::read(&Env::from_iter([("CROSSWALK_KAFKA_BROKERS", "b-1:9098")])).unwrap();
        assert!(settings.shift > schedule && settings.shift < schedule * 2, "{:?}", settings.shift);
    }

    #[test]
    fn what_cannot_work_is_refused_by_its_name() {
        let read = |name, value| {
            let env = [("CROSSWALK_KAFKA_BROKERS", "b-1:9098"), (name, value)];
            Settings::read(&Env::from_iter(env)).unwrap_err().name
        };
        assert_eq!(read("CROSSWALK_KAFKA_BROKERS", ""), "CROSSWALK_KAFKA_BROKERS");
        assert_eq!(read("CROSSWALK_KAFKA_AUTH", "kerberos"), "CROSSWALK_KAFKA_AUTH");
        assert_eq!(read("CROSSWALK_LEASE_MS", "20"), "CROSSWALK_LEASE_MS");
        assert_eq!(read("CROSSWALK_BATCH_ROWS", "-1"), "CROSSWALK_BATCH_ROWS");
    }
}

//! Contacts in the cache: cache-aside, with the version in the entry so that an old one never replaces a newer.

use std::sync::LazyLock;
use std::time::Duration;

use redis::Pipeline;
use uuid::Uuid;

use super::{Away, Call, Redis, Script};

static PUT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/put_contact.lua")));

/// What the cache says of a contact. It is kept as `<version> <kind> <json>`, so that an answer needs no parsing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It is this.
    Live {
        /// Its version.
        version: i32,
        /// As the API shows it.
        json: String,
    },
    /// It was deleted; this is what it was, for those who ask for deleted ones too.
    Deleted {
        /// Its version.
        version: i32,
        /// As the API shows it.
        json: String,
    },
    /// It has at least this version, and PostgreSQL knows the rest. The relay leaves this behind, because a plain
    /// deletion would let a slow reader put an old version back.
    Stale {
        /// The version it has at least.
        version: i32,
    },
}

impl Entry {
    fn encode(&self) -> String {
        match self {
            Self::Live { version, json } => format!("{version} live {json}"),
            Self::Deleted { version, json } => format!("{version} deleted {json}"),
            Self::Stale { version } => format!("{version} stale "),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (version, kind, json) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        match kind {
            "live" => Some(Self::Live { version, json: json.to_owned() }),
            "deleted" => Some(Self::Deleted { version, json: json.to_owned() }),
            _ => Some(Self::Stale { version }),
        }
    }
}

/// Adds the question for a contact to a request's pipeline.
pub fn reading(redis: &Redis, pipeline: &mut Pipeline, tenant: &str, id: Uuid) {
    pipeline.get(redis.keys().contact(tenant, id));
}

/// Reads the answer. What can't be read is as good as absent.
pub fn read(answer: Option<&str>) -> Option<Entry> {
    answer.and_then(Entry::decode)
}

/// Puts an entry, unless a newer one is there.
pub async fn put(redis: &Redis, tenant: &str, id: Uuid, entry: &Entry, ttl: Duration) -> Result<(), Away> {
    put_all(redis, tenant, &[(id, entry.encode())], ttl).await
}

/// Makes sure that nothing older than these versions is answered any more.
pub async fn stale(redis: &Redis, tenant: &str, changed: &[(Uuid, i32)], ttl: Duration) -> Result<(), Away> {
    let entries: Vec<_> = changed.iter().map(|&(id, version)| (id, Entry::Stale { version }.encode())).collect();
    put_all(redis, tenant, &entries, ttl).await
}

async fn put_all(redis: &Redis, tenant: &str, entries: &[(Uuid, String)], ttl: Duration) -> Result<(), Away> {
    if entries.is_empty() {
        return Ok(());
    }
    let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
    let build = |call: Call| {
        let mut pipeline = Pipeline::with_capacity(entries.len());
        for (id, entry) in entries {
            let mut command = PUT.on(call, &redis.keys().contact(tenant, *id));
            command.arg(entry).arg(ttl_ms);
            pipeline.add_command(command).ignore();
        }
        pipeline
    };
    redis.ask(build).await
}

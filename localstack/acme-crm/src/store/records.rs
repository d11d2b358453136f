//! Records: read by id, found by address or external id, exchanged as a whole.

use redis::{AsyncCommands, RedisResult};

use super::Store;
use crate::record::Record;
use crate::webhooks::Delivery;

/// Which records are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    WithExternalId(String),
    WithEmail(String),
}

/// Some records, in the order of their creation.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Record>,
    /// The id after which the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

/// The exchange of a record, and the webhook that tells of it.
pub(crate) struct Change<'a> {
    pub(crate) before: Option<&'a Stored>,
    pub(crate) after: Option<&'a Record>,
    pub(crate) delivery: Option<&'a Delivery>,
}

/// A record as it was read. Its text is what tells, when it is exchanged, whether it is still the same.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) record: Record,
    text: String,
}

impl Store {
    /// A record.
    pub(crate) async fn record(&self, id: &str) -> RedisResult<Option<Stored>> {
        let text: Option<String> = self.connection().hget(&self.keys.records, id).await?;
        Ok(text.and_then(|text| Some(Stored { record: serde_json::from_str(&text).ok()?, text })))
    }

    /// How many there are.
    pub(crate) async fn count(&self) -> RedisResult<u64> {
        self.connection().hlen(&self.keys.records).await
    }

    /// Exchanges a record, unless it is another by now; then false.
    pub(crate) async fn commit(&self, change: Change<'_>) -> RedisResult<bool> {
        let Change { before, after, delivery } = change;
        let was = before.map(|stored| &stored.record);
        let keys = &self.keys;
        let mut call = self.commit.key(&keys.records);
        for key in [&keys.ids, &keys.by_external_id, &keys.by_email] {
            call.key(key);
        }
        for key in [&keys.deliveries, &keys.order, &keys.pending, &keys.number] {
            call.key(key);
        }
        call.arg(after.or(was).map(Record::id));
        call.arg(before.map_or("", |stored| &stored.text)).arg(after.map(text).unwrap_or_default());
        call.arg(was.map(by_external_id).unwrap_or_default()).arg(after.map(by_external_id).unwrap_or_default());
        call.arg(was.map(by_email).unwrap_or_default()).arg(after.map(by_email).unwrap_or_default());
        call.arg(delivery.map_or("", |delivery| &delivery.key)).arg(delivery.map(text).unwrap_or_default());
        call.invoke_async(&mut self.connection()).await
    }

    /// At most so many records after the one with the id given.
    pub(crate) async fn page(&self, which: &Which, after: Option<&str>, limit: usize) -> RedisResult<Page> {
        let (index, start) = match which {
            Which::All => (&self.keys.ids, String::new()),
            Which::WithExternalId(value) => (&self.keys.by_external_id, format!("{value}\0")),
            Which::WithEmail(value) => (&self.keys.by_email, format!("{}\0", value.to_lowercase())),
        };
        let from = after.map_or_else(|| format!("[{start}"), |after| format!("({start}{after}"));
        // Ids begin with a letter, and the text behind it is smaller than this.
        let to = format!("({start}\x7f");
        let more = isize::try_from(limit + 1).unwrap_or(isize::MAX);
        let mut connection = self.connection();
        let entries: Vec<String> = connection.zrangebylex_limit(index, from, to, 0, more).await?;
        let ids: Vec<&str> = entries.iter().take(limit).map(|entry| &entry[start.len()..]).collect();
        let next = ids.last().filter(|_| entries.len() > limit).map(|id| (*id).to_owned());
        if ids.is_empty() {
            return Ok(Page { items: Vec::new(), next });
        }
        let texts: Vec<Option<String>> = connection.hmget(&self.keys.records, &ids).await?;
        // One may have been deleted in between.
        let items = texts.iter().flatten().filter_map(|text| serde_json::from_str(text).ok()).collect();
        Ok(Page { items, next })
    }
}

pub(super) fn text(value: &impl serde::Serialize) -> String {
    // Maps with names of text are all there is in it, so it can't fail.
    serde_json::to_string(value).unwrap_or_default()
}

fn by_external_id(record: &Record) -> String {
    record.external_id().map(|value| format!("{value}\0{}", record.id())).unwrap_or_default()
}

fn by_email(record: &Record) -> String {
    record.email().map(|value| format!("{value}\0{}", record.id())).unwrap_or_default()
}

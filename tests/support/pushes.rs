//! Writing contacts to CRMs in the test's own process: the consumer of the topic of contacts, and what becomes of links.

use std::sync::Arc;

use consume_contact_events::Consumer;
use crosswalk::App;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Api, Setup};
use crate::msk;

/// A contact is in sync, or will not be, after so many steps.
const MOST_STEPS: usize = 5;

/// An instance of the consumer, for the contacts of a client's tenant.
pub struct Pushes<'a> {
    api: &'a Api<'a>,
    app: Arc<App>,
    consumer: Consumer,
}

impl<'a> Pushes<'a> {
    /// The consumer as an instance of the application has it.
    ///
    /// # Panics
    ///
    /// When there is no HTTP client to be had.
    pub fn of(api: &'a Api<'a>, app: Arc<App>) -> Self {
        let consumer = Consumer::new(&app.config.crms);
        let consumer = consumer.unwrap_or_else(|error| panic!("no consumer: {}", error.chain()));
        Self { api, app, consumer }
    }

    /// Wakes the consumer up for these contacts, in one batch.
    ///
    /// # Panics
    ///
    /// When a record is to come again.
    pub async fn push(&self, ids: &[String]) {
        let records: Vec<_> = ids.iter().map(|id| msk::of_contact(&self.api.client.tenant, id)).collect();
        let reply = self.consumer.consume(&self.app, msk::event("crosswalk.contacts", &records)).await;
        let reply = reply.unwrap_or_else(|error| panic!("it failed: {}", error.chain()));
        assert_eq!(reply, json!({"batchItemFailures": []}));
    }

    /// Wakes the consumer up for a contact as often as the relay would: until nothing is due at once.
    pub async fn push_through(&self, id: &String) {
        for _ in 0..MOST_STEPS {
            self.push(std::slice::from_ref(id)).await;
            let due = self.api.test.count("links where retry_at <= now() + interval '1 s'").await;
            if due == 0 {
                return;
            }
        }
    }
}

impl Setup {
    /// Calls to CRMs are as many as there are to do.
    #[must_use]
    pub fn calls_freely(self) -> Self {
        self.setting("CROSSWALK_CRM_RATE", "10000/10000")
    }
}

impl Api<'_> {
    /// Creates so many contacts and answers their ids.
    pub async fn create_many(&self, count: usize) -> Vec<String> {
        let mut ids = Vec::with_capacity(count);
        for n in 0..count {
            ids.push(self.create(&crate::app::person(&format!("Ada{n}"), "Lovelace")).await.expect(201).id());
        }
        ids
    }

    /// The link between a contact and a connection, all columns by name; `retry_in` is the seconds until it is due.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub async fn link(&self, id: &str, connection: &str) -> Value {
        let sql = "select to_jsonb(l) || jsonb_build_object('retry_in', extract(epoch from retry_at - now())) \
                   from links l where contact_id = $1 and connection_id = $2";
        let contact: Uuid = id.parse().unwrap_or_else(|_| panic!("{id} is no id"));
        let row = self.test.sql.query_one(sql, &[&contact, &connection]).await;
        row.unwrap_or_else(|error| panic!("no link of {id}: {error:?}")).get(0)
    }

    /// How many links are in this state.
    pub async fn links(&self, state: &str) -> i64 {
        self.test.count(&format!("links where state = '{state}'")).await
    }
}

//! People who work in the CRM, while clients change the same contacts here.

use serde_json::{Value, json};
use support::crm::typed;

use crate::ledger::{Came, mark};
use crate::load::Load;
use crate::operations::{PUT_REMOTE, UPDATE};
use crate::ours::version;

/// So often a record is worked on before the next is made.
const STEPS: usize = 8;

/// Somebody.
pub struct Theirs<'a> {
    load: &'a Load<'a>,
    name: String,
    rng: fastrand::Rng,
}

impl<'a> Theirs<'a> {
    /// Somebody with chances of their own.
    pub fn new(load: &'a Load<'a>, number: usize, rng: fastrand::Rng) -> Self {
        Self { load, name: format!("theirs-{number}"), rng }
    }

    /// Works until the load is over.
    pub async fn work(mut self) {
        while !self.load.is_over() {
            let mut record = self.create().await;
            let mut contact = None;
            for _ in 0..STEPS {
                if self.load.is_over() {
                    break;
                }
                match (self.rng.u8(0..8), &contact) {
                    (0..2, _) => contact = self.put(&record).await.or(contact),
                    (2..4, Some(id)) => self.update(id).await,
                    _ => record = self.change(&record).await,
                }
                Load::pause(&mut self.rng).await;
            }
            if self.rng.u8(0..4) == 0 {
                self.load.world.crm.delete(&id_of(&record)).await;
            }
        }
    }

    async fn create(&mut self) -> Value {
        let mut record = typed("Grace");
        record["acme_title"] = json!(self.title());
        self.load.world.crm.create(&record).await
    }

    async fn change(&mut self, record: &Value) -> Value {
        let part = json!({"acme_title": self.title()});
        self.load.world.crm.patch(&id_of(record), &part).await
    }

    /// Brings the record here by the API, as its webhook does. Answers the contact's id.
    async fn put(&mut self, record: &Value) -> Option<String> {
        let path = format!("/connections/{}/contacts/{}", self.load.world.crm.connection, id_of(record));
        let ask = self.load.world.api.ask("PUT", &path).json(record);
        let answer = self.load.world.ask(PUT_REMOTE, ask).await?;
        self.load.ledger.saw(&answer.id(), version(&answer));
        Some(answer.id())
    }

    /// Changes the contact here, whatever has become of it.
    async fn update(&mut self, id: &str) {
        let mark = mark(&self.name, &mut self.rng);
        let ask = self.load.world.api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*");
        let answer = self.load.world.ask(UPDATE, ask.json(&json!({"notes": mark}))).await;
        let came = answer.map_or(Came::Unknown, |answer| {
            assert_eq!(answer.status, 200, "it is forced, and nobody deletes it yet: {answer:?}");
            Came::Accepted { id: id.to_owned(), version: version(&answer) }
        });
        self.load.ledger.wrote(&mark, came);
    }

    fn title(&mut self) -> String {
        let title = mark(&self.name, &mut self.rng);
        self.load.ledger.typed(&title);
        title
    }
}

fn id_of(record: &Value) -> String {
    record["id"].as_str().unwrap_or_else(|| panic!("no id: {record}")).to_owned()
}

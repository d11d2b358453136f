//! Clients of the API. Each works on contacts of its own, so it knows what must be there.

use serde_json::{Value, json};
use support::app::{Answer, Ask, person};

use crate::ledger::{Came, mark};
use crate::load::Load;
use crate::operations::{CREATE, DELETE, GET, Operation, REPLACE, RESTORE, UPDATE, UPSERT};

/// So often a contact is worked on before the next is made.
const STEPS: usize = 8;

/// A client.
pub struct Ours<'a> {
    load: &'a Load<'a>,
    name: String,
    rng: fastrand::Rng,
}

/// A contact, as far as its client knows.
struct Known {
    id: String,
    /// None while it is not known what became of a change.
    version: Option<i64>,
    /// Whether every change has been answered, or outrun by a later one: what is still on its way names an old version.
    sure: bool,
}

impl<'a> Ours<'a> {
    /// A client with its own chances.
    pub fn new(load: &'a Load<'a>, number: usize, rng: fastrand::Rng) -> Self {
        Self { load, name: format!("ours-{number}"), rng }
    }

    /// Works until the load is over.
    pub async fn work(mut self) {
        while !self.load.is_over() {
            let mut known = self.create().await;
            for _ in 0..STEPS {
                if self.load.is_over() {
                    break;
                }
                match self.rng.u8(0..10) {
                    0..4 => self.update(&mut known).await,
                    4..6 => self.replace(&mut known).await,
                    6 => self.batch(&mut known).await,
                    7 => self.delete_and_restore(&mut known).await,
                    _ => self.read(&known).await,
                }
                Load::pause(&mut self.rng).await;
            }
        }
    }

    async fn create(&mut self) -> Known {
        let mark = self.mark();
        let contact = marked(&mark);
        let answer = self.insist(CREATE, "/contacts", &mark, &contact).await;
        let (id, version) = (answer.id(), version(&answer));
        self.load.ledger.wrote(&mark, Came::Accepted { id: id.clone(), version });
        if self.rng.u8(0..4) == 0 {
            let again = self.insist(CREATE, "/contacts", &mark, &contact).await;
            assert_eq!((again.id(), again.header("idempotent-replayed")), (id.clone(), "true"), "the same key");
        }
        Known { id, version: Some(version), sure: true }
    }

    async fn update(&mut self, known: &mut Known) {
        let mark = self.mark();
        let patch = json!({"notes": mark});
        self.change(UPDATE, "PATCH", known, &mark, &patch).await;
    }

    async fn replace(&mut self, known: &mut Known) {
        let mark = self.mark();
        self.change(REPLACE, "PUT", known, &mark, &marked(&mark)).await;
    }

    async fn change(&mut self, operation: Operation, method: &str, known: &mut Known, mark: &str, body: &Value) {
        let ask = self.load.world.api.ask(method, &format!("/contacts/{}", known.id)).json(body);
        let answer = self.load.world.ask(operation, known.expecting(ask)).await;
        self.load.ledger.wrote(mark, known.learn(answer.as_ref()));
        if answer.is_some_and(|answer| answer.status == 410) {
            self.restore(known).await;
        }
    }

    /// Two new contacts and one that is there, under one key.
    async fn batch(&mut self, known: &mut Known) {
        let marks = [self.mark(), self.mark(), self.mark()];
        let mut items: Vec<_> = marks.iter().map(|mark| marked(mark)).collect();
        items[2]["id"] = json!(known.id);
        let body = json!({"items": items});
        let answer = self.insist(UPSERT, "/contacts/batch", &marks[0], &body).await.json();
        for (index, mark) in marks.iter().enumerate() {
            let item = &answer["items"][index];
            let status = item["status"].as_u64().unwrap_or_default();
            let came = if status < 300 {
                let version = item["version"].as_i64().unwrap_or_default();
                Came::Accepted { id: item["id"].as_str().unwrap_or_default().to_owned(), version }
            } else {
                assert!(index == 2 && !known.sure && status == 410, "{item}");
                Came::Refused
            };
            if let (2, Came::Accepted { version, .. }) = (index, &came) {
                (known.version, known.sure) = (Some(*version), true);
            }
            self.load.ledger.wrote(mark, came);
        }
    }

    async fn delete_and_restore(&mut self, known: &mut Known) {
        let ask = self.load.world.api.ask("DELETE", &format!("/contacts/{}", known.id));
        let answer = self.load.world.ask(DELETE, known.expecting(ask)).await;
        match answer.as_ref().map(|answer| answer.status) {
            Some(204) => self.load.ledger.turned(&known.id, "deleted", true),
            Some(_) => assert!(!known.sure, "{answer:?}"),
            None => {
                self.load.ledger.turned(&known.id, "deleted", false);
                known.sure = false;
            }
        }
        Load::pause(&mut self.rng).await;
        self.restore(known).await;
    }

    /// Until it is known to be alive. What was not answered before may delete it still, and is outrun by the next change.
    async fn restore(&mut self, known: &mut Known) {
        known.version = None;
        loop {
            let ask = self.load.world.api.ask("POST", &format!("/contacts/{}/restore", known.id));
            let answer = self.load.world.ask(RESTORE, known.expecting(ask)).await;
            self.load.ledger.turned(&known.id, "restored", false);
            if let Some(answer) = answer {
                self.load.ledger.saw(&known.id, version(&answer));
                return;
            }
            known.sure = false;
            Load::pause(&mut self.rng).await;
        }
    }

    async fn read(&mut self, known: &Known) {
        let ask = self.load.world.api.ask("GET", &format!("/contacts/{}", known.id));
        if let Some(answer) = self.load.world.ask(GET, ask).await
            && answer.status == 200
        {
            self.load.ledger.saw(&known.id, version(&answer));
        }
    }

    /// Sends it with a key until there is an answer, as a client does that must know.
    async fn insist(&mut self, operation: Operation, path: &str, key: &str, body: &Value) -> Answer {
        loop {
            let ask = self.load.world.api.ask("POST", path).header("idempotency-key", key).json(body);
            let answer = self.load.world.ask(operation, ask).await;
            if let Some(answer) = answer.filter(|answer| answer.status != 409) {
                return answer;
            }
            Load::pause(&mut self.rng).await;
        }
    }

    fn mark(&mut self) -> String {
        mark(&self.name, &mut self.rng)
    }
}

impl Known {
    fn expecting(&self, ask: Ask) -> Ask {
        let tag = self.version.map_or_else(|| "*".to_owned(), |version| format!("\"{version}\""));
        ask.header("if-match", &tag)
    }

    /// What the answer to a change says of the contact.
    fn learn(&mut self, answer: Option<&Answer>) -> Came {
        match answer {
            Some(answer) if answer.status == 200 => {
                let version = version(answer);
                (self.version, self.sure) = (Some(version), true);
                Came::Accepted { id: self.id.clone(), version }
            }
            Some(answer) => {
                assert!(!self.sure, "nobody else changes {}: {answer:?}", self.id);
                self.version = None;
                Came::Refused
            }
            None => {
                (self.version, self.sure) = (None, false);
                Came::Unknown
            }
        }
    }
}

/// A contact with this mark.
fn marked(mark: &str) -> Value {
    let mut contact = person("Ada", "Lovelace");
    contact["notes"] = json!(mark);
    contact
}

/// The version of the contact in an answer.
pub fn version(answer: &Answer) -> i64 {
    answer.json()["version"].as_i64().unwrap_or_else(|| panic!("no version: {answer:?}"))
}

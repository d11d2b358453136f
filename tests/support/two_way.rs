//! All that lies between a tenant's contacts and its CRMs, as it is deployed: the functions' own binaries, the relay, two
//! topics, and the event source mappings that read them.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use triggers::template::Kafka;

use crate::app::TestApp;
use crate::crm::Crm;
use crate::gateway;
use crate::kafka::Topic;
use crate::mapping::Poller;
use crate::relay::{Relay, Relays};
use crate::runtime_api::Function;
use crate::wait::eventually;

/// How long everything may take to come to rest, on a busy machine: thousands of webhooks, each with what it does.
const DEADLINE: Duration = Duration::from_mins(3);

/// The way in both directions. It ends when it is dropped.
pub struct TwoWay<'a> {
    /// What happened to contacts.
    pub contacts: Topic,
    /// Webhooks that wait.
    pub webhooks: Topic,
    /// The relay.
    pub relay: Relay,
    /// `receive-webhook`.
    pub receive: Function,
    /// `consume-webhook-events`.
    pub webhook_consumer: Function,
    /// `consume-contact-events`.
    pub contact_consumer: Function,
    test: &'a TestApp,
    receiver: String,
    server: JoinHandle<()>,
    brokers: Brokers,
    pollers: Vec<[Poller; 2]>,
}

/// How Kafka is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Brokers {
    Direct,
    Proxied,
}

impl<'a> TwoWay<'a> {
    /// Starts it all. CRMs are told where to send their webhooks with [`TwoWay::connect`].
    ///
    /// # Panics
    ///
    /// When a part of it does not start.
    pub async fn start(test: &'a TestApp) -> Self {
        Self::start_with(test, &[]).await
    }

    /// The same, with other settings of the functions and of the relay.
    ///
    /// # Panics
    ///
    /// When a part of it does not start.
    pub async fn start_with(test: &'a TestApp, settings: &[(&str, &str)]) -> Self {
        Self::start_at(test, settings, Brokers::Direct).await
    }

    /// The same with other settings, and with a broker that is reached only while [`crate::kafka::proxy`] is up.
    ///
    /// # Panics
    ///
    /// When a part of it does not start.
    pub async fn start_behind_the_kafka_proxy(test: &'a TestApp, settings: &[(&str, &str)]) -> Self {
        Self::start_at(test, settings, Brokers::Proxied).await
    }

    async fn start_at(test: &'a TestApp, settings: &[(&str, &str)], brokers: Brokers) -> Self {
        let (contacts, webhooks) = tokio::join!(Topic::create(), Topic::create());
        let mut environment = test.environment.clone();
        let fast = [
            ("CROSSWALK_CRM_RATE", "10000/10000"),
            ("CROSSWALK_CRM_RETRY_MS", "100"),
            ("CROSSWALK_CRM_RETRY_MAX_MS", "1000"),
            // Whoever is killed has what it claimed for no longer.
            ("CROSSWALK_CRM_CALL_MS", "2000"),
            ("CROSSWALK_CRM_PUSH_MS", "2000"),
            ("CROSSWALK_CRM_CLAIM_MS", "8000"),
        ];
        for (name, value) in fast.iter().chain(settings) {
            environment.retain(|(given, _)| given != name);
            environment.push(((*name).to_owned(), (*value).to_owned()));
        }
        let function = |name: &'static str, instances: usize| {
            let launch = Function::launch(name).environment(environment.clone()).instances(instances);
            launch.time_limit(Duration::from_mins(1)).restart_on_exit().start()
        };
        let relays = Relays::of(test, &contacts).setting("CROSSWALK_WEBHOOKS_TOPIC", webhooks.name());
        let relays = settings.iter().fold(relays, |relays, (name, value)| relays.setting(name, value));
        let relays = if brokers == Brokers::Proxied { relays.behind_the_kafka_proxy() } else { relays };
        let (receive, webhook_consumer, contact_consumer, relay) = tokio::join!(
            function("receive-webhook", 2),
            function("consume-webhook-events", 2),
            function("consume-contact-events", 2),
            relays.work(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let receiver = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let router = Router::new().fallback(receive_webhook).with_state(receive.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it never ends by itself") });
        let mut this = Self {
            contacts,
            webhooks,
            relay,
            receive,
            webhook_consumer,
            contact_consumer,
            test,
            receiver,
            server,
            brokers,
            pollers: Vec::new(),
        };
        this.poll();
        this
    }

    /// Has a CRM send its webhooks here.
    pub fn connect(&self, crm: &mut Crm) {
        crm.tell(&self.receiver);
    }

    /// Begins to poll the topics; once more, if they are polled already: then both share the partitions.
    pub fn poll(&mut self) {
        let poller = |function: &Function, topic: &Topic, batch_size| {
            let kafka = Kafka {
                batch_size,
                window: Duration::ZERO,
                ..Kafka::of(format!("of {}", topic.name()), [topic.name()])
            };
            match self.brokers {
                Brokers::Direct => Poller::start(function, kafka),
                Brokers::Proxied => Poller::start_behind_the_kafka_proxy(function, kafka),
            }
        };
        let webhooks = poller(&self.webhook_consumer, &self.webhooks, 500);
        let contacts = poller(&self.contact_consumer, &self.contacts, 100);
        self.pollers.push([webhooks, contacts]);
    }

    /// Stops the pollers that were started first, once what is under way has ended.
    ///
    /// # Panics
    ///
    /// When they don't end.
    pub async fn stop_polling(&mut self) {
        if !self.pollers.is_empty() {
            for poller in self.pollers.remove(0) {
                poller.stop().await;
            }
        }
    }

    /// Waits until both sides are at rest: nothing waits to be published, to be worked, to be written or to be told.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn at_rest(&self, crms: &[&Crm]) {
        let look = || async {
            let mut pending = 0;
            for crm in crms {
                pending += crm.pending().await;
            }
            let rest = unrest(&self.test.sql).await;
            if pending == 0 && rest == [0; 4] { Ok(()) } else { Err((pending, rest)) }
        };
        eventually("both sides to be at rest", DEADLINE, look).await;
    }

    /// Waits until every link is in sync, whether or not the CRMs have told what became of it.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn links_in_sync(&self) {
        let look = || async {
            let [events, _, links, contacts] = unrest(&self.test.sql).await;
            if [events, links, contacts] == [0; 3] { Ok(()) } else { Err((events, links, contacts)) }
        };
        eventually("the links to be in sync", DEADLINE, look).await;
    }
}

impl Drop for TwoWay<'_> {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What is not at rest: events unpublished, webhooks not worked, links not in sync, contacts without a link.
///
/// # Panics
///
/// When PostgreSQL refuses.
pub async fn unrest(sql: &Client) -> [i64; 4] {
    let look = "select (select count(*) from contact_events where published_at is null and dead_at is null), \
                   (select count(*) from webhook_events where state = 'received'), \
                   (select count(*) from links l join contacts c on c.tenant_id = l.tenant_id and c.id = l.contact_id \
                    where l.state <> 'dead' and (l.state <> 'synced' or c.version > l.pushed_version)), \
                   (select count(*) from contacts c join connections k using (tenant_id) \
                    where k.enabled and c.deleted_at is null and not exists (select from links l \
                        where l.tenant_id = c.tenant_id and l.contact_id = c.id and l.connection_id = k.id))";
    let row = sql.query_one(look, &[]).await.unwrap_or_else(|error| panic!("{look}: {error}"));
    [row.get(0), row.get(1), row.get(2), row.get(3)]
}

/// What API Gateway does with a webhook.
async fn receive_webhook(State(receive): State<Function>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 2 * 1024 * 1024).await.unwrap_or_default();
    let request = axum::http::Request::from_parts(parts, body);
    match gateway::call(&receive, "POST /webhooks/{connection}", &request).await {
        Ok(response) => response.map(axum::body::Body::from),
        // Its process was killed, as the gateway would tell.
        Err(_) => Response::builder().status(502).body(axum::body::Body::empty()).expect("a status is enough"),
    }
}

//! All that is started: an application with its functions as processes of their own, a CRM, and proxies before the stores.

use std::collections::BTreeMap;

use futures::future::join_all;
use support::app::{Answer, Api, Ask, Setup, TestApp};
use support::crm::Crm;
use support::kafka;
use support::proxy::Proxy;
use support::runtime_api::{Function, FunctionError, Signal};
use support::services;
use support::two_way::TwoWay;
use tokio_postgres::Client;

use crate::operations::{self, Operation};

/// Processes of each function of the API.
const INSTANCES: usize = 2;

/// Connections that a process may have.
pub const POOL: usize = 1;

/// What is hit, and those who ask.
pub struct World {
    /// The application; it lasts as long as this process.
    pub test: &'static TestApp,
    /// A client of its tenant.
    pub api: Api<'static>,
    /// Another, whose token was revoked.
    pub revoked: Api<'static>,
    /// The tenant's CRM. It has a Redis of its own, and nothing befalls it.
    pub crm: Crm,
    /// What lies between the two.
    pub way: TwoWay<'static>,
    /// The ways to the stores.
    pub wires: Wires,
    functions: BTreeMap<&'static str, Function>,
}

/// The end of all functions.
pub struct Ending(Vec<Function>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.iter().for_each(|function| function.signal(Signal::KILL));
    }
}

/// Proxies, by which everything but this process's own look reaches the stores.
pub struct Wires {
    pub postgres: Proxy,
    pub redis: Proxy,
    pub kafka: Proxy,
    pub secrets: Proxy,
}

impl World {
    /// Starts all of it.
    pub async fn start() -> Self {
        let (postgres, _) = Proxy::before(&services::database_url()).await;
        let (redis, redis_url) = Proxy::before(&services::redis_url()).await;
        let (secrets, secrets_url) = Proxy::before(&services::aws_endpoint_url()).await;
        let wires = Wires { postgres, redis, kafka: kafka::proxy().await, secrets };
        let pool = POOL.to_string();
        let address = wires.postgres.address();
        let setup = Setup::default().database_at(&address.ip().to_string(), address.port()).redis_at(&redis_url);
        let setup = [
            ("AWS_ENDPOINT_URL", secrets_url.as_str()),
            ("CROSSWALK_DATABASE_POOL", &pool),
            ("CROSSWALK_DATABASE_CONNECT_MS", "1000"),
            ("CROSSWALK_REDIS_CONNECT_MS", "300"),
            ("CROSSWALK_REDIS_COMMAND_MS", "300"),
            ("CROSSWALK_RATE_LIMIT", "100000/100000"),
            ("CROSSWALK_WEBHOOK_RATE", "100000/100000"),
            // As long as any run; and so short that what was told to nobody is soon forgotten.
            ("CROSSWALK_TOKEN_SECONDS", "86400"),
            ("CROSSWALK_CACHE_SECONDS", "5"),
        ]
        .into_iter()
        .fold(setup, |setup, (name, value)| setup.setting(name, value));
        let test: &'static TestApp = Box::leak(Box::new(setup.start().await));
        let api = test.api().await;
        let document = test.ask("GET", "/openapi.json").send().await.expect(200).json();
        for operation in operations::ALL {
            operation.assert_described(&document);
        }
        let revoked = Api::of(test, api.client.clone()).await;
        revoke(&revoked).await;
        let mut crm = Crm::connect(&api).await;
        let start = async |operation: &Operation| {
            let launch = Function::launch(operation.function).environment(test.environment.clone());
            (operation.function, launch.instances(INSTANCES).restart_on_exit().start().await)
        };
        let starting = join_all(operations::ALL.iter().map(start));
        let (way, functions) = tokio::join!(TwoWay::start_behind_the_kafka_proxy(test, &[]), starting);
        way.connect(&mut crm);
        Self { test, api, revoked, crm, way, wires, functions: functions.into_iter().collect() }
    }

    /// Asks for something. There is no answer when it is not known what became of it: the process was killed, or
    /// PostgreSQL away.
    pub async fn ask(&self, operation: Operation, ask: Ask) -> Option<Answer> {
        let answer = match ask.through(self.function(operation.function)).await {
            Ok(answer) => answer,
            Err(FunctionError::Exited(how)) if how.contains("SIGKILL") || how == "not running" => return None,
            Err(error) => panic!("{}: {error}", operation.function),
        };
        if answer.status == 503 {
            assert_eq!(answer.problem(), "unavailable");
            assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
            return None;
        }
        assert!(operation.answers.contains(&answer.status), "{} answers {answer:?}", operation.function);
        if answer.status >= 400 {
            answer.problem();
        }
        Some(answer)
    }

    /// A function of the API.
    pub fn function(&self, name: &str) -> &Function {
        self.functions.get(name).unwrap_or_else(|| panic!("{name} was not started"))
    }

    /// All functions, those of the way included.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        let way = [&self.way.relay.function, &self.way.receive, &self.way.webhook_consumer, &self.way.contact_consumer];
        self.functions.values().chain(way)
    }

    /// Kills all functions when it is dropped.
    pub fn ending(&self) -> Ending {
        Ending(self.functions().cloned().collect())
    }

    /// Another connection to PostgreSQL: the one that tests have is gone when the server was killed.
    pub async fn sql(&self) -> Client {
        self.test.database.connect().await
    }
}

async fn revoke(api: &Api<'_>) {
    let (id, secret) = (&api.client.id, api.client.secret.reveal());
    let form = format!("client_id={id}&client_secret={secret}&token={}", api.token);
    api.test.ask("POST", "/oauth/revoke").form(form).send().await.expect(200);
}

//! What a request costs: how often a warm instance waits for Redis and for PostgreSQL, counted at the wire.

use crosswalk::Scope;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::json;
use support::app::{Answer, Api, Setup, TestApp, ada, grace};
use support::proxy::Proxy;
use support::services;

/// An application that reaches its stores through proxies that count.
struct Counted {
    test: TestApp,
    redis: Proxy,
    database: Proxy,
}

/// Round trips.
#[derive(Debug, PartialEq, Eq)]
struct Trips {
    redis: usize,
    database: usize,
}

#[tokio::test]
async fn reading_a_cached_contact_asks_redis_once() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let id = api.create(&grace()).await.expect(201).id();
    assert_eq!(counted.count(api.get(&id), 200).await, Trips { redis: 1, database: 0 });
    let again = api.ask("GET", &format!("/contacts/{id}")).header("if-none-match", "\"1\"").send();
    assert_eq!(counted.count(again, 304).await, Trips { redis: 1, database: 0 });
    let other = counted.test.api().await;
    let not_theirs = Trips { redis: 1, database: 1 };
    // A tenant is warm once its revoked tokens are loaded.
    other.get(&id).await.expect(404);
    assert_eq!(counted.count(other.get(&id), 404).await, not_theirs);
}

#[tokio::test]
async fn reading_an_uncached_contact_asks_postgresql_once_and_fills_the_cache() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let id = api.create(&grace()).await.expect(201).id();
    let client = redis::Client::open(services::redis_url()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("DEL").arg(api.cache_key(&id)).exec_async(&mut redis).await.unwrap();
    assert_eq!(counted.count(api.get(&id), 200).await, Trips { redis: 2, database: 1 });
    assert_eq!(counted.count(api.get(&id), 200).await, Trips { redis: 1, database: 0 });
    let with_links = api.ask("GET", &format!("/contacts/{id}?include=links")).send();
    assert_eq!(counted.count(with_links, 200).await, Trips { redis: 1, database: 1 });
}

#[tokio::test]
async fn creating_a_contact_takes_one_statement() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    assert_eq!(counted.count(api.create(&ada()), 201).await, Trips { redis: 2, database: 1 });
    let keyed = || api.ask("POST", "/contacts").header("idempotency-key", "k").json(&ada()).send();
    assert_eq!(counted.count(keyed(), 201).await, Trips { redis: 2, database: 1 });
    assert_eq!(counted.count(keyed(), 201).await, Trips { redis: 1, database: 2 }, "the first answer again");
    assert_eq!(counted.count(api.create(&json!({})), 422).await, Trips { redis: 1, database: 0 });
}

#[tokio::test]
async fn changing_a_contact_takes_a_read_and_a_compare_and_set() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let id = api.create(&grace()).await.expect(201).id();
    let title = json!({"title": "Rear Admiral"});
    assert_eq!(counted.count(api.patch(&id, 1, &title), 200).await, Trips { redis: 2, database: 2 });
    let without_a_change = Trips { redis: 1, database: 1 };
    assert_eq!(counted.count(api.patch(&id, 2, &title), 200).await, without_a_change, "it is so already");
    assert_eq!(counted.count(api.patch(&id, 1, &title), 412).await, without_a_change, "it has another version");
    let forced =
        api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*").json(&json!({"title": "y"})).send();
    assert_eq!(counted.count(forced, 200).await, Trips { redis: 2, database: 2 });
}

#[tokio::test]
async fn a_token_takes_one_of_each_and_revoking_it_one_more() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    assert_eq!(counted.count(counted.test.token(&api.client), 200).await, Trips { redis: 1, database: 1 });
    assert_eq!(counted.count(counted.revoke(&api), 200).await, Trips { redis: 2, database: 1 });
    assert_eq!(counted.count(api.create(&grace()), 401).await, Trips { redis: 1, database: 0 });
}

#[tokio::test]
async fn who_is_not_let_in_costs_nothing_more() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let reader = counted.test.client_of(&api.client.tenant, &[Scope::ContactsRead]).await;
    let reader = Api::of(&counted.test, reader).await;
    assert_eq!(counted.count(reader.create(&grace()), 403).await, Trips { redis: 1, database: 0 });
    let without = counted.test.ask("GET", "/contacts/x").send();
    assert_eq!(counted.count(without, 401).await, Trips { redis: 0, database: 0 });
    let nowhere = counted.test.ask("GET", "/nowhere").send();
    assert_eq!(counted.count(nowhere, 404).await, Trips { redis: 0, database: 0 });
}

impl Counted {
    async fn start() -> Self {
        let (redis, redis_url) = Proxy::before(&services::redis_url()).await;
        let (database, _) = Proxy::before(&services::database_url()).await;
        let address = database.address();
        let setup = Setup::default().redis_at(&redis_url).database_at(&address.ip().to_string(), address.port());
        // One connection, so that a statement that was prepared once is prepared for all.
        let test = setup.setting("CROSSWALK_DATABASE_POOL", "1").start().await;
        Self { test, redis, database }
    }

    /// A client of an instance that has done everything once: connected, prepared its statements, loaded its scripts
    /// and the tenant's revoked tokens.
    async fn warm(&self) -> Api<'_> {
        let api = self.test.api().await;
        let id = api.create(&grace()).await.expect(201).id();
        api.get(&id).await.expect(200);
        api.ask("GET", &format!("/contacts/{id}?include=links")).send().await.expect(200);
        api.get(&uuid::Uuid::now_v7().to_string()).await.expect(404);
        api.patch(&id, 1, &json!({"title": "x"})).await.expect(200);
        for _ in 0..2 {
            api.ask("POST", "/contacts").header("idempotency-key", "warm").json(&grace()).send().await.expect(201);
        }
        let other = Api::of(&self.test, api.client.clone()).await;
        self.revoke(&other).await.expect(200);
        api
    }

    async fn revoke(&self, api: &Api<'_>) -> Answer {
        let own = format!("client_id={}&client_secret={}", api.client.id, api.client.secret.reveal());
        self.test.ask("POST", "/oauth/revoke").form(format!("token={}&{own}", api.token)).send().await
    }

    /// What a request costs, once its answer has this status.
    fn count<'a>(&'a self, request: impl Future<Output = Answer> + 'a, status: u16) -> LocalBoxFuture<'a, Trips> {
        let counting = async move {
            let ((answer, redis), database) = self.database.count(self.redis.count(request)).await;
            answer.expect(status);
            Trips { redis, database }
        };
        counting.boxed_local()
    }
}

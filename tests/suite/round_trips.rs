//! What a request costs: how often a warm instance waits for Redis and for PostgreSQL, counted at the wire.

use crosswalk::Scope;
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};
use support::app::{Answer, Api, Setup, TestApp, ada, grace, person};
use support::proxy::Proxy;
use support::remote::{Remote, record};
use support::{log, services};

/// An application that reaches its stores through proxies that count.
pub struct Counted {
    pub test: TestApp,
    redis: Proxy,
    database: Proxy,
}

/// Round trips.
#[derive(Debug, PartialEq, Eq)]
pub struct Trips {
    pub redis: usize,
    pub database: usize,
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
async fn replacing_deleting_and_restoring_cost_what_changing_does() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let id = api.create(&grace()).await.expect(201).id();
    let change = Trips { redis: 2, database: 2 };
    assert_eq!(counted.count(api.put(&id, 1, &ada()), 200).await, change);
    assert_eq!(counted.count(api.delete(&id), 204).await, change);
    assert_eq!(counted.count(api.restore(&id), 200).await, change);
    let refused = Trips { redis: 1, database: 1 };
    assert_eq!(counted.count(api.restore(&id), 200).await, refused, "it is there already");
    assert_eq!(counted.count(api.put(&id, 1, &ada()), 412).await, refused);
}

#[tokio::test]
async fn a_page_takes_one_statement_whatever_is_asked() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let id = api.create(&ada()).await.expect(201).id();
    let page = Trips { redis: 1, database: 1 };
    let count_only = |ask: support::app::Ask| ask.header("prefer", "count=exact");
    for path in [
        "/contacts".to_owned(),
        "/contacts?tag=poetry&status=active&sort=-lastName&include=links&includeDeleted=true".to_owned(),
        "/contacts?q=lovelace".to_owned(),
        format!("/contacts/{id}/history"),
    ] {
        // The first of its kind prepares the statement.
        api.ask("GET", &path).send().await.expect(200);
        assert_eq!(counted.count(api.ask("GET", &path).send(), 200).await, page, "{path}");
    }
    count_only(api.ask("GET", "/contacts?status=active")).send().await.expect(200);
    let counting = count_only(api.ask("GET", "/contacts?status=active")).send();
    assert_eq!(counted.count(counting, 200).await, page, "with a total");
}

#[tokio::test]
async fn a_batch_takes_at_most_six_however_large_it_is() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    Remote::connect(&api, "cn_one").await;
    let batch = |items: usize, kind: &str| {
        let item = |n: usize| {
            let mut contact = person(&format!("{kind}{n}"), &format!("of {items}"));
            if kind == "record" {
                contact["connection"] = json!("cn_one");
                contact["remoteId"] = json!(n.to_string());
            }
            contact
        };
        json!({"items": (0..items).map(item).collect::<Vec<_>>()})
    };
    let send = |body: &Value, key: Option<&str>| {
        let ask = api.ask("POST", "/contacts/batch").json(body);
        let ask = if let Some(key) = key { ask.header("idempotency-key", key) } else { ask };
        ask.send()
    };
    send(&batch(2, "record"), Some("warm")).await.expect(207);
    for items in [1, 500] {
        let (new, records) = (batch(items, "new"), batch(items, "record"));
        // The items beside the first are charged once the body is parsed.
        let charge = usize::from(items > 1);
        let small = Trips { redis: 2 + charge, database: 3 };
        assert_eq!(counted.count(send(&new, None), 207).await, small, "begin, write, commit");
        let whole = Trips { redis: 2 + charge, database: 6 };
        let key = format!("key {items}").replace(' ', "-");
        assert_eq!(counted.count(send(&records, Some(&key)), 207).await, whole, "and key, records, contacts");
        let replayed = counted.count(send(&records, Some(&key)), 207).await;
        assert!(replayed.redis == 1 + charge && replayed.database <= 4, "{replayed:?}");
    }
    let faulty = json!({"items": [{}, 7]});
    assert_eq!(counted.count(send(&faulty, None), 207).await, Trips { redis: 2, database: 2 });
}

#[tokio::test]
async fn a_record_costs_the_same_whatever_becomes_of_it() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let crm = Remote::connect(&api, "cn_one").await;
    crm.put("warm", &record("warm")).await.expect(201);
    crm.put("warm", &record("warm")).await.expect(200);
    crm.get("warm").await.expect(200);
    let given = record("7");
    // The connection; then begin, key, contact, link, write, commit.
    assert_eq!(counted.count(crm.put("7", &given), 201).await, Trips { redis: 2, database: 7 });
    assert_eq!(counted.count(crm.put("7", &given), 200).await, Trips { redis: 1, database: 7 });
    assert_eq!(counted.count(crm.get("7"), 200).await, Trips { redis: 1, database: 1 });
}

#[tokio::test]
async fn token_takes_two_round_trips_to_redis_and_its_revocation_one_more() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    // The address is checked before the client is looked up; who is charged is known after it.
    assert_eq!(counted.count(counted.test.token(&api.client), 200).await, Trips { redis: 2, database: 1 });
    let guess = support::app::TestClient { secret: crosswalk::auth::ClientSecret::generate(), ..api.client.clone() };
    assert_eq!(counted.count(counted.test.token(&guess), 401).await, Trips { redis: 2, database: 1 });
    assert_eq!(counted.revoke_counted(&api).await, Trips { redis: 3, database: 1 });
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

#[tokio::test]
async fn health_is_checked_at_most_once_a_second() {
    let counted = Counted::start().await;
    counted.warm().await;
    let health = || counted.test.ask("GET", "/health").send();
    assert_eq!(counted.count(health(), 200).await, Trips { redis: 1, database: 1 });
    assert_eq!(counted.count(health(), 200).await, Trips { redis: 0, database: 0 });
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(counted.count(health(), 200).await, Trips { redis: 1, database: 1 });
}

impl Counted {
    pub async fn start() -> Self {
        let (redis, redis_url) = Proxy::before(&services::redis_url()).await;
        let (database, _) = Proxy::before(&services::database_url()).await;
        let address = database.address();
        let setup = Setup::default().redis_at(&redis_url).database_at(&address.ip().to_string(), address.port());
        // One connection, so that a statement that was prepared once is prepared for all.
        let setup = setup.setting("CROSSWALK_DATABASE_POOL", "1").setting("CROSSWALK_RATE_LIMIT", "100000/100000");
        let test = setup.start().await;
        Self { test, redis, database }
    }

    /// A client of an instance that has done everything once: connected, prepared its statements, loaded its scripts
    /// and the tenant's revoked tokens.
    pub async fn warm(&self) -> Api<'_> {
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

    /// The wire may have two questions that go out together as one.
    async fn revoke_counted(&self, api: &Api<'_>) -> Trips {
        let answer = self.revoke(api).await.expect(200);
        let line = log::of_request(answer.header("x-request-id"));
        let trips = |name: &str| usize::try_from(line[name].as_u64().unwrap()).unwrap();
        Trips { redis: trips("redisTrips"), database: trips("postgresqlTrips") }
    }

    /// What a request costs, once its answer has this status.
    pub fn count<'a>(&'a self, request: impl Future<Output = Answer> + 'a, status: u16) -> LocalBoxFuture<'a, Trips> {
        let counting = async move {
            let (answer, trips) = self.trips(request).await;
            let answer = answer.expect(status);
            let logged = log::of_request(answer.header("x-request-id"));
            let told = (logged["redisTrips"].as_u64(), logged["postgresqlTrips"].as_u64());
            assert_eq!(told, (Some(trips.redis as u64), Some(trips.database as u64)), "{logged}");
            trips
        };
        counting.boxed_local()
    }

    /// What comes of some work, and what it costs.
    pub fn trips<'a, T>(&'a self, work: impl Future<Output = T> + 'a) -> LocalBoxFuture<'a, (T, Trips)> {
        let counting = async move {
            let ((outcome, redis), database) = self.database.count(self.redis.count(work)).await;
            (outcome, Trips { redis, database })
        };
        counting.boxed_local()
    }
}

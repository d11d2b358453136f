//! Each client has its quota, and every answer says what is left of it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crosswalk::Scope;
use futures::future::join_all;
use serde_json::json;
use support::app::{Answer, Api, Setup, TestApp, grace};
use support::proxy::Proxy;
use support::wait::eventually;

#[tokio::test]
async fn every_answer_to_an_authenticated_request_tells_the_quota() {
    let test = with_quota("1/20").await;
    let api = test.api_with(&[Scope::ContactsRead, Scope::ContactsWrite]).await;
    let id = api.create(&grace()).await.expect(201).id();
    let reader = Api::of(&test, test.client_of(&api.client.tenant, &[Scope::ContactsRead]).await).await;
    let answers = [
        api.get(&id).await.expect(200),
        api.ask("GET", &format!("/contacts/{id}")).header("if-none-match", "*").send().await.expect(304),
        api.patch(&id, 1, &json!({"title": "x"})).await.expect(200),
        api.ask("GET", &format!("/contacts/{id}?x=1")).send().await.expect(400),
        reader.create(&grace()).await.expect(403),
        api.get("unknown").await.expect(404),
        api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*").send().await.expect(415),
        api.create(&json!({})).await.expect(422),
        api.ask("PATCH", &format!("/contacts/{id}")).json(&json!({})).send().await.expect(428),
    ];
    for answer in answers {
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=20;w=20", "{answer:?}");
        let (remaining, reset) = left(&answer);
        assert!((1..20).contains(&remaining), "{answer:?}");
        assert!((1..=20).contains(&reset), "{answer:?}");
    }
}

#[tokio::test]
async fn after_the_burst_requests_are_refused_until_there_is_room_again() {
    let test = with_quota("1/3").await;
    let api = test.api().await;
    let began = Instant::now();
    let mut passed = 0;
    let refused = loop {
        let answer = api.get("unknown").await;
        if answer.status == 429 {
            break answer;
        }
        assert!(left(&answer.expect(404)).0 < 3);
        passed += 1;
    };
    assert!((3..=3 + since(began)).contains(&passed), "{passed} passed");
    assert_eq!(refused.problem(), "rate-limited");
    assert_eq!((refused.header("retry-after"), left(&refused).0), ("1", 0));
    assert!((2..=3).contains(&left(&refused).1), "{refused:?}");
    // What is refused costs nothing: however often it is tried, room comes at the quota's pace.
    eventually("room for one more", Duration::from_secs(5), async || {
        let status = api.get("unknown").await.status;
        if status == 404 { Ok(()) } else { Err(status) }
    })
    .await;
}

#[tokio::test]
async fn a_refused_request_does_nothing_and_learns_when_to_come_back() {
    let test = TestApp::start().await;
    let api = test.api().await;
    use_up(&api, Duration::from_secs(100)).await;
    let refused = api.create(&grace()).await.expect(429);
    // The burst of 200 at 100 a second is two seconds' worth.
    let retry_after: u64 = refused.header("retry-after").parse().unwrap();
    assert!((90..=99).contains(&retry_after), "{retry_after}");
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (0, 0));
}

#[tokio::test]
async fn of_many_at_once_the_burst_is_let_through() {
    let test = with_quota("1/5").await;
    let api = test.api().await;
    let other = api.at(test.another_instance());
    let began = Instant::now();
    // One count for all instances.
    let ask = async |side| if side % 2 == 0 { api.get("unknown").await } else { other.get("unknown").await };
    let answers = join_all((0..40).map(ask)).await;
    let passed = answers.iter().filter(|answer| answer.status == 404).count();
    assert!((5..=5 + since(began)).contains(&passed), "{passed} passed");
    assert!(answers.iter().all(|answer| [404, 429].contains(&answer.status)));
}

#[tokio::test]
async fn a_clients_quota_is_its_own() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let colleague = Api::of(&test, test.client_of(&api.client.tenant, &Scope::ALL).await).await;
    use_up(&api, Duration::from_secs(100)).await;
    api.get("unknown").await.expect(429);
    colleague.get("unknown").await.expect(404);
    test.api().await.get("unknown").await.expect(404);
    // Another token is the same client.
    Api::of(&test, api.client.clone()).await.get("unknown").await.expect(429);
}

#[tokio::test]
async fn a_client_can_have_a_larger_quota_than_others() {
    let test = with_quota("1/1").await;
    let client = test.client(&Scope::ALL).await;
    let quota = "requests_per_second = 2, request_burst = 6";
    test.execute(&format!("update clients set {quota} where id = '{}'", client.id)).await;
    let api = Api::of(&test, client).await;
    for _ in 0..6 {
        let answer = api.get("unknown").await.expect(404);
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=6;w=3");
    }
}

#[tokio::test]
async fn empty_batch_leaves_the_rate_limit_in_force_on_a_cluster() {
    let setup = Setup::default().setting("CROSSWALK_REDIS_CLUSTER", "true");
    let test = setup.setting("CROSSWALK_RATE_LIMIT", "1/2").start().await;
    let api = test.api().await;
    let began = Instant::now();
    let mut passed = 0;
    for number in 0..20 {
        // Neither an empty batch nor one whose items are all invalid changes a contact.
        let items = if number % 2 == 0 { json!([]) } else { json!([{}]) };
        let answer = api.ask("POST", "/contacts/batch").json(&json!({"items": items})).send().await;
        assert!([207, 429].contains(&answer.status), "{answer:?}");
        assert!(!answer.header("ratelimit").is_empty(), "the request was counted: {answer:?}");
        passed += usize::from(answer.status == 207);
    }
    assert!((1..=2 + since(began)).contains(&passed), "{passed} passed");
}

#[tokio::test]
async fn error_answer_of_redis_fails_only_the_call_that_got_it() {
    for cluster in ["false", "true"] {
        let test = Setup::default().setting("CROSSWALK_REDIS_CLUSTER", cluster).start().await;
        let (api, other) = (test.api().await, test.api().await);
        let id = other.create(&grace()).await.expect(201).id();
        api.get("unknown").await.expect(404);
        // The script that counts answers WRONGTYPE for a list.
        let key = api.app.redis.keys().rate(&api.client.tenant, &api.client.id);
        let client = redis::Client::open(support::services::redis_url()).unwrap();
        let mut redis = client.get_multiplexed_async_connection().await.unwrap();
        redis::pipe().del(&key).lpush(&key, 1).exec_async(&mut redis).await.unwrap();
        for _ in 0..3 {
            let uncounted = api.get("unknown").await.expect(404);
            assert!(!uncounted.header("ratelimit").is_empty(), "this instance counts: {uncounted:?}");
            assert_eq!(other.get(&id).await.expect(200).header("x-cache"), "hit");
        }
    }
}

#[tokio::test]
async fn without_redis_each_instance_enforces_the_rate_limit() {
    let (proxy, url) = Proxy::before(&support::services::redis_url()).await;
    let setup = Setup::default().redis_at(&url).setting("CROSSWALK_REDIS_BREAKER_MS", "0");
    let test = setup.setting("CROSSWALK_RATE_LIMIT", "1/3").start().await;
    let (api, colleague) = (test.api().await, test.api().await);
    proxy.cut().await;
    let began = Instant::now();
    for api in [api.clone(), api.at(test.another_instance()), colleague] {
        let answers = join_all((0..12).map(|_| api.get("unknown"))).await;
        let passed = answers.iter().filter(|answer| answer.status == 404).count();
        assert!((3..=3 + since(began)).contains(&passed), "{passed} passed");
        for answer in &answers {
            assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=3;w=3", "{answer:?}");
            assert!(left(answer).0 < 3, "{answer:?}");
            assert_eq!(answer.header("retry-after").is_empty(), answer.status != 429, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn batch_takes_as_much_of_the_quota_as_its_items() {
    let test = with_quota("1/20").await;
    let api = test.api().await;
    let first = batch(&api, 12).await.expect(207);
    assert!((8..=9).contains(&left(&first).0), "{first:?}");
    let refused = batch(&api, 12).await.expect(429);
    assert_eq!(test.count("contacts").await, 12, "a rejected batch writes nothing");
    // 12 are charged and 8 are left; the rejected request's admission takes 1, and so does that of the next attempt.
    let retry_after: u64 = refused.header("retry-after").parse().unwrap();
    assert!((4..=6).contains(&retry_after), "{refused:?}");
    assert!(left(&refused).0 >= 7, "smaller requests are still allowed: {refused:?}");
    batch(&api, 1).await.expect(207);
}

#[tokio::test]
async fn batch_above_the_burst_is_accepted_once_the_bucket_is_full() {
    let test = with_quota("1/5").await;
    let api = test.api().await;
    let answer = batch(&api, 12).await.expect(207);
    assert!(left(&answer).0 <= 1, "{answer:?}");
    assert_eq!(test.count("contacts").await, 12);
    let refused = batch(&api, 12).await.expect(429);
    let retry_after: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=6).contains(&retry_after), "{refused:?}");
}

#[tokio::test]
async fn totals_and_searches_without_an_index_take_more_of_the_quota() {
    let test = with_quota("1/100").await;
    let api = test.api().await;
    let left_after = async |path: &str, prefer: &str| {
        let before = left(&api.ask("GET", "/contacts").send().await.expect(200)).0;
        let answer = api.ask("GET", path).header("prefer", prefer).send().await.expect(200);
        before - left(&answer).0
    };
    assert!(left_after("/contacts?q=lovelace", "").await <= 1);
    // The quota grows by 1 a second meanwhile.
    assert!((20..=21).contains(&left_after("/contacts", "count=exact").await));
    assert!((20..=21).contains(&left_after("/contacts?q=%25%25%25", "").await));
    assert!((40..=41).contains(&left_after("/contacts?q=._.", "count=exact").await));
}

#[tokio::test]
async fn without_redis_a_total_takes_as_much_of_the_quota() {
    let (proxy, url) = Proxy::before(&support::services::redis_url()).await;
    let setup = Setup::default().redis_at(&url).setting("CROSSWALK_REDIS_BREAKER_MS", "0");
    let test = setup.setting("CROSSWALK_RATE_LIMIT", "1/100").start().await;
    let api = test.api().await;
    proxy.cut().await;
    let before = left(&api.ask("GET", "/contacts").send().await.expect(200)).0;
    let total = api.ask("GET", "/contacts").header("prefer", "count=exact").send().await.expect(200);
    // The quota grows by 1 a second meanwhile.
    assert!((20..=21).contains(&(before - left(&total).0)), "{total:?}");
}

/// Sends a batch of so many new contacts.
async fn batch(api: &Api<'_>, items: usize) -> Answer {
    let items: Vec<_> = (0..items).map(|_| grace()).collect();
    api.ask("POST", "/contacts/batch").json(&json!({"items": items})).send().await
}

async fn with_quota(quota: &str) -> TestApp {
    Setup::default().setting("CROSSWALK_RATE_LIMIT", quota).start().await
}

/// How many more may have been let through since, at one a second.
fn since(began: Instant) -> usize {
    usize::try_from(began.elapsed().as_secs()).unwrap() + 1
}

/// Leaves the client as one that used up its quota for so long ahead.
async fn use_up(api: &Api<'_>, ahead: Duration) {
    let redis = redis::Client::open(support::services::redis_url()).unwrap();
    let mut redis = redis.get_multiplexed_async_connection().await.unwrap();
    let arrival = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + ahead;
    let key = api.app.redis.keys().rate(&api.client.tenant, &api.client.id);
    let mut set = redis::cmd("SET");
    set.arg(key).arg(u64::try_from(arrival.as_micros()).unwrap()).arg("EX").arg(ahead.as_secs());
    set.exec_async(&mut redis).await.unwrap();
}

/// What is left of the quota, and the seconds until all of it is there again.
fn left(answer: &Answer) -> (u32, u32) {
    let (remaining, reset) = answer.header("ratelimit").split_once(";t=").unwrap();
    (remaining.strip_prefix("\"default\";r=").unwrap().parse().unwrap(), reset.parse().unwrap())
}

//! Lists of contacts: what belongs to them, in which order, and what may be asked.

use serde_json::{Value, json};
use support::app::{Answer, Api, TestApp, ada, charles, grace, person};

#[tokio::test]
async fn a_list_has_the_tenants_contacts_oldest_first_as_they_are() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    stranger.create(&grace()).await.expect(201);
    assert_eq!(list(&api, "").await.json(), json!({"items": []}));
    let mut contacts = Vec::new();
    for contact in [ada(), grace(), charles()] {
        contacts.push(api.create(&contact).await.expect(201).json());
    }
    let answer = list(&api, "").await;
    assert_eq!(answer.json(), json!({"items": contacts}));
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn every_order_goes_both_ways_and_ties_are_broken_by_id() {
    let test = TestApp::start().await;
    let api = test.api().await;
    // "C" order: capitals before small letters, and those before letters with accents.
    for (first, last) in [("a", "Zuse"), ("B", "zuse"), ("c", "Zuse"), ("d", "Ärzte"), ("e", "Adams"), ("f", "Zuse")] {
        api.create(&person(first, last)).await.expect(201);
    }
    let id = list(&api, "?email=b@example.com").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    api.patch(&id, 1, &json!({"title": "Engineer"})).await.expect(200);
    for (sort, expected) in [
        ("createdAt", "a B c d e f"),
        ("updatedAt", "a c d e f B"),
        ("lastName", "e a c f B d"),
        ("email", "a B c d e f"),
    ] {
        assert_eq!(names(&api, &format!("?sort={sort}")).await, expected, "{sort}");
        let backwards: Vec<_> = expected.split(' ').rev().collect();
        assert_eq!(names(&api, &format!("?sort=-{sort}")).await, backwards.join(" "), "-{sort}");
        for limit in 1..=6 {
            assert_eq!(names(&api, &format!("?sort={sort}&limit={limit}")).await, expected, "{sort} by {limit}");
        }
    }
}

#[tokio::test]
async fn filters_narrow_it_alone_and_together() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let with = |name: &str, more: Value| {
        let mut contact = person(name, "Smith");
        contact.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        contact
    };
    for contact in [
        with("a", json!({"status": "lead", "company": "Acme, Inc.", "tags": ["vip", "x y"]})),
        with("b", json!({"status": "lead", "company": "acme, inc."})),
        with("c", json!({"status": "inactive", "company": "Acme, Inc.", "tags": ["vip"]})),
        with("d", json!({"email": "D@Bücher.example"})),
    ] {
        api.create(&contact).await.expect(201);
    }
    for (query, expected) in [
        ("?status=lead", "a b"),
        ("?status=active", "d"),
        ("?company=Acme,%20Inc.", "a c"),
        ("?company=Acme", ""),
        ("?tag=vip", "a c"),
        ("?tag=x+y", "a"),
        ("?tag=VIP", ""),
        ("?email=D@b%C3%BCcher.EXAMPLE", "d"),
        ("?email=d@b%C3%BCcher.example", ""),
        ("?status=lead&tag=vip", "a"),
        ("?status=lead&company=acme,%20inc.&sort=-email", "b"),
        ("?status=inactive&tag=vip&q=smith", "c"),
        ("?status=active&tag=vip", ""),
    ] {
        assert_eq!(names(&api, query).await, expected, "{query}");
        let joint = if query.contains("q=") { "" } else { "&sort=lastName" };
        if !query.contains("sort") {
            assert_eq!(names(&api, &format!("{query}{joint}&limit=1")).await, expected, "{query} one by one");
        }
    }
}

#[tokio::test]
async fn times_are_bounds_that_do_not_belong_to_it() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut contacts = Vec::new();
    for name in ["a", "b", "c"] {
        contacts.push(api.create(&person(name, "Smith")).await.expect(201).json());
    }
    let at = |n: usize| contacts[n]["createdAt"].as_str().unwrap().to_owned();
    let patched = api.patch(contacts[0]["id"].as_str().unwrap(), 1, &json!({"title": "x"})).await.expect(200).json();
    let changed = patched["updatedAt"].as_str().unwrap();
    for (query, expected) in [
        (format!("createdAfter={}", at(0)), "b c"),
        (format!("createdBefore={}", at(2)), "a b"),
        (format!("createdAfter={}&createdBefore={}", at(0), at(2)), "b"),
        (format!("createdAfter={}", at(2)), ""),
        (format!("updatedAfter={}", at(2)), "a"),
        (format!("updatedBefore={changed}"), "b c"),
        (format!("updatedAfter={}&createdBefore={}", at(1), at(1)), "a"),
    ] {
        for sort in ["createdAt", "lastName", "updatedAt"] {
            assert_eq!(sorted(&names(&api, &format!("?{query}&sort={sort}")).await), expected, "{query} {sort}");
        }
    }
    // The same moment in another zone.
    assert_eq!(names(&api, "?createdAfter=2000-01-01T00:00:00%2B05:00").await, "a b c");
}

#[tokio::test]
async fn deleted_contacts_are_left_out_unless_they_are_asked_for() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for name in ["a", "b", "c", "d"] {
        let id = api.create(&person(name, "Smith")).await.expect(201).id();
        if name == "b" || name == "d" {
            api.delete(&id).await.expect(204);
        }
    }
    for sort in ["createdAt", "lastName", "email"] {
        assert_eq!(names(&api, &format!("?sort={sort}")).await, "a c");
        assert_eq!(names(&api, &format!("?sort={sort}&includeDeleted=true")).await, "a b c d");
        assert_eq!(names(&api, &format!("?sort={sort}&includeDeleted=true&limit=1")).await, "a b c d");
        assert_eq!(names(&api, &format!("?sort=-{sort}&includeDeleted=true&limit=3")).await, "d c b a");
        assert_eq!(names(&api, &format!("?sort={sort}&includeDeleted=true&status=active&limit=1")).await, "a b c d");
    }
    assert_eq!(names(&api, "?q=smith&includeDeleted=true&limit=2").await, "d c b a");
    assert_eq!(names(&api, "?email=b@example.com").await, "");
    let shown = list(&api, "?email=b@example.com&includeDeleted=true").await.json();
    assert!(shown["items"][0]["deletedAt"].is_string(), "{shown}");
}

#[tokio::test]
async fn links_are_shown_on_request_and_lead_to_their_contact() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    let linked = api.create(&ada()).await.expect(201);
    let other = api.create(&grace()).await.expect(201);
    test.execute(&format!(
        "insert into connections (tenant_id, id, crm, base_url, secret_name)
         values ('{0}', 'cn_one', 'acme', 'http://localhost', 'none');
         insert into links (tenant_id, contact_id, connection_id, remote_id, state)
         values ('{0}', '{1}', 'cn_one', 'remote/7', 'synced')",
        api.client.tenant,
        linked.id()
    ))
    .await;
    let mut with_links = [linked.json(), other.json()];
    with_links[0]["links"] = json!([{"connection": "cn_one", "remoteId": "remote/7", "state": "synced"}]);
    with_links[1]["links"] = json!([]);
    assert_eq!(list(&api, "?include=links").await.json(), json!({"items": with_links}));
    assert_eq!(list(&api, "?connection=cn_one&remoteId=remote/7").await.json(), json!({"items": [linked.json()]}));
    for nothing in ["connection=cn_one&remoteId=8", "connection=cn_two&remoteId=remote/7"] {
        assert_eq!(names(&api, &format!("?{nothing}")).await, "");
    }
    assert_eq!(names(&stranger, "?connection=cn_one&remoteId=remote/7").await, "");
}

#[tokio::test]
async fn a_total_is_counted_when_it_is_preferred() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for name in ["a", "b", "c"] {
        api.create(&person(name, "Smith")).await.expect(201);
    }
    let deleted = api.create(&person("d", "Smith")).await.expect(201).id();
    api.delete(&deleted).await.expect(204);
    let total = async |query: &str, prefer: &str| {
        let answer = api.ask("GET", &format!("/contacts{query}")).header("prefer", prefer).send().await.expect(200);
        assert_eq!(answer.header("preference-applied") == "count=exact", answer.json().get("total").is_some());
        (answer.json().get("total").cloned(), answer.json()["items"].as_array().unwrap().len())
    };
    assert_eq!(total("?limit=1", "count=exact").await, (Some(json!(3)), 1));
    let next = list(&api, "?limit=1").await.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(total(&format!("?limit=1&cursor={next}"), "count=exact").await, (Some(json!(3)), 1));
    assert_eq!(
        total("?q=smith&includeDeleted=true", "respond-async, Count = \"exact\"; x=y").await,
        (Some(json!(4)), 4)
    );
    assert_eq!(total("?tag=none", "count=exact").await, (Some(json!(0)), 0));
    assert_eq!(total("?createdAfter=2100-01-01T00:00:00Z", "count=exact").await, (Some(json!(0)), 0));
    assert_eq!(total("", "count=planned, respond-async").await, (None, 3));
}

#[tokio::test]
async fn a_parameter_that_is_unknown_bad_or_given_twice_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for query in [
        "limit=0",
        "limit=201",
        "limit=ten",
        "limit=",
        "sort=name",
        "sort=",
        "sort=--email",
        "sort=lastname",
        "status=asleep",
        "status=",
        "email=nobody",
        "company=",
        "company=%20",
        "company=a%00b",
        "tag=a%0Ab",
        "tag=a&tag=b",
        "createdAfter=yesterday",
        "createdAfter=2026-01-01",
        "createdAfter=-005000-01-01T00:00:00Z",
        "createdBefore=0000-01-01T00:00:00Z",
        "updatedAfter=20260131T12Z",
        "updatedAfter=2026-01-31T12:00:00%2B01:00[Europe/Paris]",
        "updatedBefore=2026-13-01T00:00:00Z",
        "connection=cn_one",
        "remoteId=7",
        "connection=cn_one&remoteId=",
        "connection=cn_one&remoteId=%00",
        "connection=cn_one&remoteId=%207",
        "q=ab",
        "q=",
        "q=%20%20%20%20",
        "q=abc%00",
        "q=abc&sort=email",
        "includeDeleted=1",
        "include=history",
        "page=2",
        "offset=10",
        "fields=id",
        "Status=lead",
        "cursor=",
        "cursor=AAAA",
        "cursor=%F0%9F%92%A9",
    ] {
        let answer = api.ask("GET", &format!("/contacts?{query}")).send().await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.problem(), "malformed", "{query}");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_tenant_its_filters_and_its_order() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    for side in [&api, &stranger] {
        for name in ["a", "b", "c"] {
            side.create(&person(name, "Smith")).await.expect(201);
        }
    }
    let next = list(&api, "?limit=1&status=active").await.json()["next"].as_str().unwrap().to_owned();
    let refused = async |api: &Api<'_>, query: String| {
        let answer = api.ask("GET", &format!("/contacts{query}")).send().await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed".to_owned()), "{query}");
    };
    refused(&stranger, format!("?status=active&cursor={next}")).await;
    for other in ["", "&status=lead", "&status=active&sort=-createdAt", "&status=active&sort=lastName"] {
        refused(&api, format!("?cursor={next}{other}")).await;
    }
    refused(&api, format!("?status=active&includeDeleted=true&cursor={next}")).await;
    refused(&api, format!("?status=active&tag=x&cursor={next}")).await;
    for at in [0, 5, next.len() / 2, next.len() - 1] {
        let mut tampered = next.clone().into_bytes();
        tampered[at] = if tampered[at] == b'x' { b'y' } else { b'x' };
        refused(&api, format!("?status=active&cursor={}", String::from_utf8(tampered).unwrap())).await;
    }
    // The size of a page and what is shown of a contact may change on the way.
    let rest = list(&api, &format!("?status=active&limit=2&include=links&cursor={next}")).await.json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert_eq!(rest.get("next"), None);
}

async fn list(api: &Api<'_>, query: &str) -> Answer {
    api.ask("GET", &format!("/contacts{query}")).send().await.expect(200)
}

/// The first names on all pages.
async fn names(api: &Api<'_>, query: &str) -> String {
    let contacts = api.pages(&format!("/contacts{query}")).await;
    contacts.iter().map(|contact| contact["firstName"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

fn sorted(names: &str) -> String {
    let mut names: Vec<_> = names.split(' ').collect();
    names.sort_unstable();
    names.join(" ")
}

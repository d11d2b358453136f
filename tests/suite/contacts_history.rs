//! What happened to a contact, newest first.

use serde_json::{Value, json};
use support::app::{Api, Setup, TestApp, ada, grace};
use uuid::Uuid;

#[tokio::test]
async fn every_change_is_there_newest_first() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    let id = created.id();
    let patched = api.patch(&id, 1, &json!({"title": null, "customFields": {"rate": 1e17}})).await.expect(200);
    api.delete(&id).await.expect(204);

    let page = history(&api, &id, "").await;
    let [deleted, updated, first] = page["items"].as_array().cloned().unwrap().try_into().unwrap();
    assert_eq!(page.get("next"), None);
    let rows = test.events(&id).await;
    assert_eq!(
        first,
        json!({
            "id": rows[0]["ce_id"],
            "type": "contact.created",
            "occurredAt": created.json()["createdAt"],
            "before": null,
            "after": created.json(),
            "changedFields": rows[0]["changed_fields"],
            "version": 1,
            "origin": {"kind": "api", "client": api.client.id},
        })
    );
    assert_eq!((&updated["before"], &updated["after"]), (&created.json(), &patched.json()));
    assert_eq!((&updated["type"], &updated["version"]), (&json!("contact.updated"), &json!(2)));
    assert_eq!(updated["changedFields"], json!(["customFields", "title"]));
    assert_eq!((&deleted["type"], &deleted["occurredAt"]), (&json!("contact.deleted"), &deleted["after"]["deletedAt"]));
}

#[tokio::test]
async fn pages_join_without_gap_or_repeat_while_the_contact_changes() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    for version in 1..25 {
        api.patch(&id, version, &json!({"notes": version.to_string()})).await.expect(200);
    }
    let first = history(&api, &id, "?limit=10").await;
    api.patch(&id, 25, &json!({"notes": "meanwhile"})).await.expect(200);
    let second = history(&api, &id, &format!("?limit=10&cursor={}", text(&first["next"]))).await;
    let third = history(&api, &id, &format!("?cursor={}", text(&second["next"]))).await;
    let versions: Vec<_> = [&first, &second, &third].into_iter().flat_map(versions).collect();
    assert_eq!(versions, (1..=25).rev().collect::<Vec<_>>());
    assert_eq!(third.get("next"), None);
}

#[tokio::test]
async fn a_page_ends_before_it_is_too_large_to_be_sent() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "10000/10000").start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let large = |n: i64| json!({"customFields": {"large": format!("{n}{}", "x".repeat(15_000))}});
    for version in 1..=180 {
        api.patch(&id, version, &large(version)).await.expect(200);
    }
    let answer = api.ask("GET", &format!("/contacts/{id}/history?limit=200")).send().await.expect(200);
    assert!((3_900_000..4_400_000).contains(&answer.body.len()), "{}", answer.body.len());
    assert!(answer.json()["next"].is_string());
    let all = api.pages(&format!("/contacts/{id}/history?limit=200")).await;
    assert_eq!(all.len(), 181, "the rest follows");
}

#[tokio::test]
async fn a_page_of_quotes_ends_before_they_are_too_long_escaped() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "10000/10000").start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    for version in 1..=120 {
        let quotes = json!({"customFields": {"json": format!("{version}{}", "\"".repeat(7_500))}});
        api.patch(&id, version, &quotes).await.expect(200);
    }
    let answer = api.ask("GET", &format!("/contacts/{id}/history?limit=200")).send().await.expect(200);
    let in_the_gateways_answer = json!(str::from_utf8(&answer.body).unwrap()).to_string().len();
    assert!((5_000_000..6_000_000).contains(&in_the_gateways_answer), "{in_the_gateways_answer}");
    assert_eq!(api.pages(&format!("/contacts/{id}/history?limit=200")).await.len(), 121);
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_has_no_history() {
    let test = TestApp::start().await;
    let (ours, theirs) = (test.api().await, test.api().await);
    let id = theirs.create(&grace()).await.expect(201).id();
    for id in [&id, &Uuid::now_v7().to_string(), &"7".to_owned()] {
        let answer = ours.ask("GET", &format!("/contacts/{id}/history")).send().await.expect(404);
        assert_eq!(answer.problem(), "contact-not-found");
    }
}

#[tokio::test]
async fn a_cursor_leads_on_in_its_own_history_only() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    let (one, other) = (api.create(&grace()).await.expect(201).id(), api.create(&ada()).await.expect(201).id());
    let theirs = stranger.create(&ada()).await.expect(201).id();
    api.patch(&one, 1, &json!({"title": "x"})).await.expect(200);
    let next = text(&history(&api, &one, "?limit=1").await["next"]);
    for (api, id, query) in [
        (&api, &other, format!("?cursor={next}")),
        (&stranger, &theirs, format!("?cursor={next}")),
        (&api, &one, format!("?cursor={next}A")),
        (&api, &one, "?cursor=".to_owned()),
        (&api, &one, format!("?cursor={}", "A".repeat(5000))),
        (&api, &one, "?limit=0".to_owned()),
        (&api, &one, "?limit=201".to_owned()),
        (&api, &one, "?limit=+5".to_owned()),
        (&api, &one, "?limit=5&limit=5".to_owned()),
        (&api, &one, "?sort=version".to_owned()),
    ] {
        let answer = api.ask("GET", &format!("/contacts/{id}/history{query}")).send().await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed".to_owned()), "{query}");
    }
    assert_eq!(versions(&history(&api, &one, &format!("?cursor={next}")).await), [1]);
}

async fn history(api: &Api<'_>, id: &str, query: &str) -> Value {
    api.ask("GET", &format!("/contacts/{id}/history{query}")).send().await.expect(200).json()
}

fn versions(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|item| item["version"].as_i64().unwrap()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

//! What both sides changed at once is listed, field by field.

use serde_json::{Value, json};
use support::app::{Api, TestApp};
use support::remote::{Remote, record};

#[tokio::test]
async fn a_conflict_says_what_each_side_had_and_which_was_kept() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    crm.policy("crmWins").await;
    let id = crm.put("r1", &record("r1")).await.expect(201).id();
    api.patch(&id, 1, &json!({"title": "Countess", "tags": ["ours"]})).await.expect(200);
    let mut theirs = record("r1");
    theirs["acme_title"] = json!("Lady");
    theirs["acme_company"] = json!("Engines");
    theirs["acme_updated_at"] = json!("2026-01-02T00:00:00Z");
    theirs["acme_version"] = json!(2);
    crm.put("r1", &theirs).await.expect(200);
    let page = list(&api, "").await;
    let [conflict] = page["items"].as_array().unwrap().as_slice() else { panic!("one field: {page}") };
    let occurred_at = &conflict["occurredAt"];
    assert!(occurred_at.is_string(), "{conflict}");
    assert_eq!(
        *conflict,
        json!({
            "contactId": id, "connection": "cn_acme", "field": "title", "ours": "Countess", "theirs": "Lady",
            "kept": "theirs", "occurredAt": occurred_at,
        })
    );
}

#[tokio::test]
async fn pages_join_newest_first_whatever_is_asked_for() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut contacts = Vec::new();
    for connection in ["cn_a", "cn_b"] {
        let crm = Remote::connect(&api, connection).await;
        contacts.push(crm.put("r1", &record("r1")).await.expect(201).id());
    }
    let (tenant, [one, two]) = (&api.client.tenant, contacts.as_slice()) else { unreachable!() };
    test.execute(&format!(
        "insert into sync_conflicts (tenant_id, contact_id, connection_id, field, ours, theirs, kept, occurred_at)
         select '{tenant}', case when n % 2 = 0 then '{one}'::uuid else '{two}'::uuid end,
                case when n % 3 = 0 then 'cn_a' else 'cn_b' end, 'customFields/' || n,
                case when n % 5 > 0 then to_jsonb(n) end, case when n % 5 = 0 then to_jsonb(n) end, 'ours', now()
         from generate_series(1, 30) n"
    ))
    .await;
    let all = list(&api, "?limit=200").await["items"].as_array().cloned().unwrap();
    let fields: Vec<_> = all.iter().map(|item| item["field"].clone()).collect();
    assert_eq!(fields, (1..=30).rev().map(|n| json!(format!("customFields/{n}"))).collect::<Vec<_>>());
    assert!(
        all.iter().all(|item| item.get("ours").is_some() != item.get("theirs").is_some()),
        "an absent side is absent"
    );
    for (query, connection, contact) in [
        (String::new(), None, None),
        ("connection=cn_a".to_owned(), Some("cn_a"), None),
        (format!("contactId={one}"), None, Some(one)),
        (format!("contactId={two}&connection=cn_b"), Some("cn_b"), Some(two)),
    ] {
        let wanted = |item: &&Value| {
            connection.is_none_or(|it| item["connection"] == it) && contact.is_none_or(|it| item["contactId"] == **it)
        };
        let expected: Vec<_> = all.iter().filter(wanted).cloned().collect();
        assert!(!expected.is_empty(), "{query}");
        assert_eq!(api.pages(&format!("/sync-conflicts?limit=4&{query}")).await, expected, "{query}");
    }
    let next = list(&api, "?limit=1").await["next"].as_str().unwrap().to_owned();
    let stranger = test.api().await;
    for (api, query) in [
        (&api, format!("?connection=cn_a&cursor={next}")),
        (&stranger, format!("?cursor={next}")),
        (&api, "?contactId=7".to_owned()),
        (&api, "?kept=ours".to_owned()),
    ] {
        let answer = api.ask("GET", &format!("/sync-conflicts{query}")).send().await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed".to_owned()), "{query}");
    }
    assert_eq!(list(&stranger, &format!("?contactId={one}")).await, json!({"items": []}));
}

async fn list(api: &Api<'_>, query: &str) -> Value {
    api.ask("GET", &format!("/sync-conflicts{query}")).send().await.expect(200).json()
}

//! Both sides change a contact: what is taken, what is kept, and what is noted of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use support::app::TestApp;
use support::remote::{Remote, record};

#[tokio::test]
async fn different_fields_are_merged_and_what_is_ours_is_still_to_be_pushed() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let id = crm.put("7", &record("7")).await.expect(201).id();
    api.patch(&id, 1, &json!({"title": "Poet"})).await.expect(200);
    let put = crm.put("7", &changed("acme_notes", json!("theirs"), 0)).await.expect(200).json();
    assert_eq!((&put["title"], &put["notes"], &put["version"]), (&json!("Poet"), &json!("theirs"), &json!(3)));
    let link = link(&test, &id).await;
    assert_eq!((&link["state"], &link["pushed_version"]), (&json!("pending"), &json!(1)));
    assert_eq!(conflicts(&test, &id).await, json!([]));
}

#[tokio::test]
async fn the_policy_decides_where_both_changed_a_field() {
    let test = TestApp::start().await;
    for (policy, minutes, kept) in
        [("newestWins", 1, "theirs"), ("newestWins", -1, "ours"), ("crmWins", -1, "theirs"), ("localWins", 1, "ours")]
    {
        let api = test.api().await;
        let crm = Remote::connect(&api, &format!("cn_{policy}{}", minutes + 1)).await;
        crm.policy(policy).await;
        let id = crm.put("7", &record("7")).await.expect(201).id();
        api.patch(&id, 1, &json!({"title": "ours", "company": "Ours"})).await.expect(200);
        let mut theirs = changed("acme_title", json!("theirs"), minutes);
        theirs["acme_notes"] = json!("only theirs");
        let put = crm.put("7", &theirs).await.expect(200).json();
        let case = format!("{policy}, {minutes}");
        assert_eq!(put["title"], kept, "{case}");
        assert_eq!((&put["notes"], &put["company"]), (&json!("only theirs"), &json!("Ours")), "{case}");
        let [conflict] = conflicts(&test, &id).await.as_array().cloned().unwrap().try_into().unwrap();
        assert_eq!(
            (&conflict["field"], &conflict["ours"], &conflict["theirs"], &conflict["kept"], &conflict["connection_id"]),
            (&json!("title"), &json!("ours"), &json!("theirs"), &json!(kept), &json!(crm.connection)),
            "{case}"
        );
        let link = link(&test, &id).await;
        assert_eq!(link["retry_at"].is_string(), kept == "ours", "{case}: what ours won is due");
        assert_eq!(link["state"], "pending", "{case}: the company is not there yet");
    }
}

#[tokio::test]
async fn what_they_changed_meanwhile_does_not_make_our_change_newer() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let id = crm.put("7", &record("7")).await.expect(201).id();
    let now = |millis: i64| json!((Timestamp::now() + SignedDuration::from_millis(millis)).to_string());
    // We change the title. After that they change it too; before we hear of it, an older change of their notes comes.
    api.patch(&id, 1, &json!({"title": "ours"})).await.expect(200);
    let titled_at = now(1);
    let mut theirs = record("7");
    theirs["acme_notes"] = json!("theirs");
    theirs["acme_updated_at"] = now(-60_000);
    assert_eq!(crm.put("7", &theirs).await.expect(200).json()["version"], 3);
    theirs["acme_title"] = json!("theirs");
    theirs["acme_updated_at"] = titled_at;
    assert_eq!(crm.put("7", &theirs).await.expect(200).json()["title"], "theirs");
}

#[tokio::test]
async fn an_older_record_is_passed_over_and_an_equal_one_does_no_harm() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let at = |time: &str, version: Value, title: &str| {
        let mut record = record("7");
        record["acme_updated_at"] = json!(time);
        record["acme_version"] = version;
        record["acme_title"] = json!(title);
        record
    };
    let id = crm.put("7", &at("2026-01-05T00:00:00Z", json!(5), "five")).await.expect(201).id();
    for (older, why) in [
        (at("2026-01-04T00:00:00Z", json!(9), "older"), "by its time"),
        (at("2026-01-05T00:00:00Z", json!(4), "older"), "by its version"),
    ] {
        let put = crm.put("7", &older).await.expect(200).json();
        assert_eq!((&put["title"], &put["version"]), (&json!("five"), &json!(1)), "{why}");
        assert_eq!(crm.get("7").await.expect(200).json()["acme_title"], "five");
    }
    crm.put("7", &at("2026-01-05T00:00:00Z", json!(5), "five")).await.expect(200);
    assert_eq!(test.events(&id).await.len(), 1);
    // In another zone the same time; a version that is not told decides nothing.
    let put = crm.put("7", &at("2026-01-05T01:00:00+01:00", Value::Null, "told")).await.expect(200).json();
    assert_eq!((&put["title"], &put["version"]), (&json!("told"), &json!(2)));
    let mut timeless = record("7");
    timeless.as_object_mut().unwrap().remove("acme_updated_at");
    timeless["acme_title"] = json!("now");
    assert_eq!(crm.put("7", &timeless).await.expect(200).json()["title"], "now");
}

#[tokio::test]
async fn a_deleted_contact_comes_back_when_their_change_is_kept() {
    let test = TestApp::start().await;
    for (policy, minutes, back) in
        [("newestWins", 1, true), ("newestWins", -1, false), ("crmWins", -1, true), ("localWins", 1, false)]
    {
        let api = test.api().await;
        let crm = Remote::connect(&api, &format!("cn_{policy}{}", minutes + 1)).await;
        crm.policy(policy).await;
        let id = crm.put("7", &record("7")).await.expect(201).id();
        api.delete(&id).await.expect(204);
        // The last record again says nothing new.
        assert!(crm.put("7", &record("7")).await.expect(200).json()["deletedAt"].is_string());
        let put = crm.put("7", &changed("acme_title", json!("alive"), minutes)).await.expect(200).json();
        assert_eq!(put.get("deletedAt").is_none(), back, "{policy}, {minutes}");
        let kinds: Vec<_> = test.events(&id).await.iter().map(|event| event["type"].clone()).collect();
        let [conflict] = conflicts(&test, &id).await.as_array().cloned().unwrap().try_into().unwrap();
        assert_eq!((&conflict["field"], &conflict["theirs"]), (&json!("deletedAt"), &Value::Null));
        if back {
            assert_eq!((put["title"].as_str(), kinds.last()), (Some("alive"), Some(&json!("restored"))));
            assert_eq!(link(&test, &id).await["state"], "synced");
        } else {
            assert_eq!(kinds, ["created", "deleted"]);
            assert!(link(&test, &id).await["retry_at"].is_string(), "that it is deleted is to be told");
        }
    }
}

/// A record in which one member changed, at a time so many minutes from now.
fn changed(member: &str, value: Value, minutes: i64) -> Value {
    let mut record = record("7");
    record[member] = value;
    record["acme_updated_at"] = json!((Timestamp::now() + SignedDuration::from_mins(minutes)).to_string());
    record
}

async fn link(test: &TestApp, contact: &str) -> Value {
    let sql = "select to_jsonb(l) from links l where contact_id::text = $1";
    test.sql.query_one(sql, &[&contact]).await.unwrap().get(0)
}

async fn conflicts(test: &TestApp, contact: &str) -> Value {
    let sql =
        "select coalesce(jsonb_agg(to_jsonb(c) order by c.id), '[]') from sync_conflicts c where contact_id::text = $1";
    test.sql.query_one(sql, &[&contact]).await.unwrap().get(0)
}

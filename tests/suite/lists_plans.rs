//! What PostgreSQL does for a list: on 200,000 contacts of 20 tenants, one of which has half of them.

use crosswalk::contact::{Between, Filter, Sort, SortKey};
use crosswalk::db::contacts::{Wanted, list};
use support::app::{Api, TestApp};
use support::crowd::Crowd;
use support::lists::{CASES, Place, explain, listing, order, place};
use uuid::Uuid;

/// One more than a page has, as it is read.
const ROWS: i64 = 51;
/// Contacts that are looked through before the matches are looked up.
const PROBE: i64 = 1_000;

/// Deleted contacts of the tenant.
const GONE: i64 = 4_000;

/// In these orders what is found is compared with what is there, deleted ones too or not.
const ORDERS: [(&str, bool); 5] =
    [("createdAt", false), ("-createdAt", false), ("-updatedAt", true), ("lastName", true), ("-email", false)];

#[expect(clippy::print_stdout, reason = "the costs are worth reading: --nocapture shows them")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_costs_what_it_shows_wherever_it_is() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let tenant = &api.client.tenant;
    test.fill(&Crowd { tenant, contacts: 100_000, others: 100_000, tenants: 19 }).await;
    for mode in ["force_custom_plan", "force_generic_plan"] {
        test.execute(&format!("set plan_cache_mode = {mode}; set jit = off")).await;
        every_page_costs_the_same(&test, tenant, mode).await;
    }
    // A statement with filters is planned each time, for its values.
    test.execute("set plan_cache_mode = force_custom_plan").await;
    for (name, filter) in cases(&api) {
        for deleted in [false, true] {
            let filter = Filter { deleted, ..filter.clone() };
            for sort in ["createdAt", "-createdAt", "-updatedAt", "lastName", "email"] {
                let sort = Sort::from_word(sort).unwrap();
                let plan = explain(&test.sql, tenant, &wanted(&filter, sort, None)).await;
                let case = format!("{name}, deleted too: {deleted}, {sort:?}: {plan:?}");
                println!("{case}");
                assert_eq!(plan.sequential, 0, "{case}");
                // Deleted ones are looked up too, or gone through: they are those of a month at most.
                let at_most = if deleted { 2 * at_most(name) + GONE } else { at_most(name) };
                assert!(plan.contacts <= at_most, "at most {at_most}: {case}");
            }
        }
    }
    the_pages_are_right(&test, &api).await;
}

/// Ten pages from the first and ten from the thousandth, so that one page more or less of an index doesn't count.
#[expect(clippy::print_stdout, reason = "as above")]
async fn every_page_costs_the_same(test: &TestApp, tenant: &str, mode: &str) {
    let everything = Filter::default();
    for key in SortKey::ALL {
        for descending in [false, true] {
            let sort = Sort { key, descending };
            let mut buffers = [0, 0];
            for (first, sum) in [1, 1_000].into_iter().zip(&mut buffers) {
                for page in first..first + 10 {
                    let after = place(&test.sql, tenant, sort, (page - 1) * 50).await;
                    let plan = explain(&test.sql, tenant, &wanted(&everything, sort, after.as_ref())).await;
                    assert_eq!((plan.sequential, plan.contacts), (0, ROWS), "{mode} {sort:?} page {page}: {plan:?}");
                    *sum += plan.buffers;
                }
            }
            println!("{mode} {sort:?}: buffers of ten pages from the first and from the thousandth: {buffers:?}");
            let [near, far] = buffers;
            assert!(far * 10 <= near * 12 && near * 10 <= far * 12, "{mode} {sort:?}: {buffers:?}");
        }
    }
}

/// The same as PostgreSQL's own sorting of all that matches.
async fn the_pages_are_right(test: &TestApp, api: &Api<'_>) {
    let (tenant, connection) = (&api.client.tenant, test.app.database.get().await.unwrap());
    for (name, filter) in cases(api) {
        for (sort, deleted) in ORDERS {
            let (filter, sort) = (Filter { deleted, ..filter.clone() }, Sort::from_word(sort).unwrap());
            let (mut found, mut after) = (Vec::new(), None);
            for _ in 0..3 {
                let listed = list(&connection, tenant, &wanted(&filter, sort, after.as_ref())).await.unwrap();
                found.extend(listed.contacts.iter().map(|(contact, _)| contact.id));
                after = listed.contacts.last().map(|(contact, _)| (sort.key.of(contact), contact.id)).or(after);
            }
            assert_eq!(found, sorted(test, tenant, &filter, sort).await, "{name} {sort:?}");
        }
    }
}

fn cases(api: &Api<'_>) -> impl Iterator<Item = (&'static str, Filter)> {
    CASES.into_iter().map(|(name, query)| (name, listing(api.ask("GET", &format!("/contacts?{query}"))).filter))
}

/// How many contacts may be read for a page: some of those that match, and those near by.
fn at_most(case: &str) -> i64 {
    // Each match may be read twice: as a match, and as one of the page.
    let few = |matches: i64| PROBE + matches + ROWS;
    match case {
        "no such remote id" => 0,
        "an address" | "a remote id" => 2,
        "a common word" => 2 * ROWS,
        "a common tag" | "a common status" => 3 * ROWS,
        "made since" | "changed since" | "changed before" => 8 * ROWS,
        "a common tag and status" => 10 * ROWS,
        "no such tag" | "a tag of other tenants" | "no such word" => few(0),
        "a rare tag" | "two rare terms" | "a common word, a rare tag" => few(20),
        "a rare word" | "a rare word, a common status" | "a rare word, a common tag" => few(50),
        "a company" | "a company and a status" | "a company and a tag" => few(100),
        "a rare status" | "a common tag, a rare status" | "a common word, a rare status" => few(400),
        "a tag of one in a hundred" => few(1_000),
        // Some near by, and more than that few would be: found out, and then walked to.
        "a tag of one in sixteen" | "made before" => PROBE + 1_001 + 16 * 2 * ROWS,
        "made lately" | "a status, made lately" => PROBE + 1_001 + 56 * 2 * ROWS,
        // All of them lie together, at one end of some of the orders and all over the others.
        "the tag of an old import" => PROBE + 20_000 + few(10_000),
        case => panic!("how much {case} may cost is not said"),
    }
}

fn wanted<'a>(filter: &'a Filter, sort: Sort, after: Option<&'a Place>) -> Wanted<'a> {
    Wanted { filter, sort, after, rows: ROWS, links: false, total: false }
}

/// The first three pages, found without any of the statement's ways.
async fn sorted(test: &TestApp, tenant: &str, filter: &Filter, sort: Sort) -> Vec<Uuid> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut conditions = vec![format!("tenant_id = {}", quoted(tenant))];
    let mut add = |condition: Option<String>| conditions.extend(condition);
    add((!filter.deleted).then(|| "deleted_at is null".to_owned()));
    add(filter.status.map(|status| format!("status = {}", quoted(status.as_str()))));
    add(filter.email.as_ref().map(|email| format!("email = {}", quoted(email.as_str()))));
    add(filter.company.as_ref().map(|company| format!("company = {}", quoted(company.as_str()))));
    add(filter.tag.as_ref().map(|tag| format!("{} = any(tags)", quoted(tag.as_str()))));
    add(filter
        .remote
        .as_ref()
        .map(|remote| format!("id in (select contact_id from links where remote_id = {})", quoted(&remote.remote_id))));
    for (column, Between { after, before }) in [("created_at", filter.created), ("updated_at", filter.updated)] {
        add(after.map(|time| format!("{column} > '{time}'")));
        add(before.map(|time| format!("{column} < '{time}'")));
    }
    add(filter.text.as_ref().map(|text| {
        let sought = quoted(&text.to_lowercase());
        format!("strpos(lower(concat_ws(' ', first_name, last_name, email, company)), {sought}) > 0")
    }));
    let (conditions, (_, order)) = (conditions.join(" and "), order(sort));
    let sql = format!("select id from contacts where {conditions} order by {order} limit {}", 3 * ROWS);
    test.sql.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

//! What PostgreSQL does for a list: on 200,000 contacts of 20 tenants, one of which has half of them.

use crosswalk::contact::reading::{Read, Rules, read};
use crosswalk::contact::{Between, Filter, RemoteKey, Sort, SortKey, Status};
use crosswalk::db::contacts::{Statement, Wanted, list};
use serde_json::{Value, json};
use support::app::TestApp;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

const TENANT: &str = "tn_large";
/// One more than a page has, as it is read.
const ROWS: i64 = 51;
/// Contacts that are looked through before the matches are looked up.
const PROBE: i64 = 500;

/// Deleted contacts of the tenant.
const GONE: i64 = 4_000;

/// In these orders what is found is compared with what is there, deleted ones too or not.
const ORDERS: [(&str, bool); 5] =
    [("createdAt", false), ("-createdAt", false), ("-updatedAt", true), ("lastName", true), ("-email", false)];

/// A filter, and how many contacts may be read for a page: some of those that match, and those near by.
type Case = (&'static str, Filter, i64);

/// What was read for a page.
#[derive(Debug)]
struct Cost {
    buffers: i64,
    /// Rows of contacts that a scan gave or threw away.
    contacts: i64,
    /// Scans of the whole table.
    sequential: usize,
}

#[expect(clippy::print_stdout, reason = "the costs are worth reading: --nocapture shows them")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_costs_what_it_shows_wherever_it_is() {
    let test = TestApp::start().await;
    fill(&test).await;
    for mode in ["force_custom_plan", "force_generic_plan"] {
        test.execute(&format!("set plan_cache_mode = {mode}; set jit = off")).await;
        every_page_costs_the_same(&test, mode).await;
    }
    // A statement with filters is planned each time, for its values.
    test.execute("set plan_cache_mode = force_custom_plan").await;
    for (name, filter, at_most) in cases() {
        for deleted in [false, true] {
            let filter = Filter { deleted, ..filter.clone() };
            for sort in ["createdAt", "-createdAt", "-updatedAt", "lastName", "email"] {
                let sort = Sort::from_word(sort).unwrap();
                let cost = explain(&test.sql, &wanted(&filter, sort, None)).await;
                let case = format!("{name}, deleted too: {deleted}, {sort:?}: {cost:?}");
                println!("{case}");
                assert_eq!(cost.sequential, 0, "{case}");
                // Deleted ones are looked up too, or gone through: they are those of a month at most.
                let at_most = if deleted { 2 * at_most + GONE } else { at_most };
                assert!(cost.contacts <= at_most, "at most {at_most}: {case}");
            }
        }
    }
    the_pages_are_right(&test).await;
}

/// Ten pages from the first and ten from the thousandth, so that one page more or less of an index doesn't count.
#[expect(clippy::print_stdout, reason = "as above")]
async fn every_page_costs_the_same(test: &TestApp, mode: &str) {
    let everything = Filter::default();
    for key in SortKey::ALL {
        for descending in [false, true] {
            let sort = Sort { key, descending };
            let mut buffers = [0, 0];
            for (first, sum) in [1, 1_000].into_iter().zip(&mut buffers) {
                for page in first..first + 10 {
                    let after = position(test, sort, (page - 1) * (ROWS - 1)).await;
                    let cost = explain(&test.sql, &wanted(&everything, sort, after.as_ref())).await;
                    assert_eq!((cost.sequential, cost.contacts), (0, ROWS), "{mode} {sort:?} page {page}: {cost:?}");
                    *sum += cost.buffers;
                }
            }
            println!("{mode} {sort:?}: buffers of ten pages from the first and from the thousandth: {buffers:?}");
            let [near, far] = buffers;
            assert!(far * 10 <= near * 12 && near * 10 <= far * 12, "{mode} {sort:?}: {buffers:?}");
        }
    }
}

/// The same as PostgreSQL's own sorting of all that matches.
async fn the_pages_are_right(test: &TestApp) {
    let connection = test.app.database.get().await.unwrap();
    for (name, filter, _) in cases() {
        for (sort, deleted) in ORDERS {
            let (filter, sort) = (Filter { deleted, ..filter.clone() }, Sort::from_word(sort).unwrap());
            let (mut found, mut after) = (Vec::new(), None);
            for _ in 0..3 {
                let listed = list(&connection, TENANT, &wanted(&filter, sort, after.as_ref())).await.unwrap();
                found.extend(listed.contacts.iter().map(|(contact, _)| contact.id));
                after = listed.contacts.last().map(|(contact, _)| (sort.key.of(contact), contact.id)).or(after);
            }
            assert_eq!(found, sorted(test, &filter, sort).await, "{name} {sort:?}");
        }
    }
}

fn cases() -> Vec<Case> {
    let none = Filter::default;
    let tagged = |tag| Filter { tag: Some(typed(tag)), ..none() };
    let with_text = |text: &str| Filter { text: Some(text.to_owned()), ..none() };
    let with_status = |status| Filter { status: Some(status), ..none() };
    // Each match may be read twice: as a match, and as one of the page.
    let few = |matches: i64| PROBE + matches + ROWS;
    vec![
        ("a rare tag", tagged("rare"), few(20)),
        ("a tag of one in a hundred", tagged("middling"), few(1_000)),
        // More than are sorted, too few to be near by: found out, and then walked to.
        ("a tag of one in sixteen", tagged("frequent"), PROBE + 5_001 + 16 * 2 * ROWS),
        // All of them lie together, at one end of some of the orders and all over the others.
        ("the tag of an old import", tagged("import"), PROBE + 20_000 + few(10_000)),
        ("a common tag", tagged("common"), 3 * ROWS),
        ("no such tag", tagged("absent"), few(0)),
        ("a tag of other tenants", tagged("theirs"), few(0)),
        ("a rare word", with_text("zebra"), few(50)),
        ("a common word", with_text("Example.Com"), 2 * ROWS),
        ("no such word", with_text("xylophone"), few(0)),
        ("a common status", with_status(Status::Active), 3 * ROWS),
        ("a rare status", with_status(Status::Lead), few(400)),
        ("an address", Filter { email: Some(typed("person776@example.com")), ..none() }, 2),
        ("a company", Filter { company: Some(typed("Company 8")), ..none() }, few(100)),
        ("a remote id", Filter { remote: Some(record("cn_a", "7")), ..none() }, 2),
        ("no such remote id", Filter { remote: Some(record("cn_a", "8")), ..none() }, 0),
        ("those made since", Filter { created: since("2026-01-02T00:00:00Z"), ..none() }, 8 * ROWS),
        ("those changed since", Filter { updated: since("2026-03-01T00:00:00Z"), ..none() }, 8 * ROWS),
        ("two terms", Filter { tag: Some(typed("rare")), ..with_status(Status::Lead) }, few(20)),
        ("a word and a common tag", Filter { tag: Some(typed("common")), ..with_text("zebra") }, few(50)),
    ]
}

fn since(time: &str) -> Between {
    Between { after: Some(time.parse().unwrap()), before: None }
}

fn record(connection: &str, remote_id: &str) -> RemoteKey {
    RemoteKey { connection: connection.to_owned(), remote_id: remote_id.to_owned() }
}

fn typed<T: Read>(text: &str) -> T {
    read(json!(text), &Rules { phone_region: "US".to_owned() }).unwrap()
}

fn wanted<'a>(filter: &'a Filter, sort: Sort, after: Option<&'a (String, Uuid)>) -> Wanted<'a> {
    Wanted { filter, sort, after, rows: ROWS, links: false, total: false }
}

async fn explain(sql: &Client, wanted: &Wanted<'_>) -> Cost {
    let Statement { sql: text, values, .. } = Statement::of(TENANT, wanted).unwrap();
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| &**value as &(dyn ToSql + Sync)).collect();
    let row = sql.query_one(&format!("explain (analyze, buffers, timing off, format json) {text}"), &values).await;
    let plan = row.unwrap().get::<_, Value>(0)[0]["Plan"].take();
    let mut cost = Cost {
        buffers: number(&plan, "Shared Hit Blocks") + number(&plan, "Shared Read Blocks"),
        contacts: 0,
        sequential: 0,
    };
    add_scans(&plan, &mut cost);
    cost
}

/// Adds what the scans of contacts below this node read, those that were never run left out.
fn add_scans(node: &Value, cost: &mut Cost) {
    let loops = number(node, "Actual Loops");
    if node["Relation Name"] == "contacts" && loops > 0 {
        let rows = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"];
        cost.contacts += loops * rows.iter().map(|name| number(node, name)).sum::<i64>();
        cost.sequential += usize::from(node["Node Type"] == "Seq Scan");
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        add_scans(child, cost);
    }
}

fn number(node: &Value, name: &str) -> i64 {
    node[name].as_i64().unwrap_or_default()
}

/// Where so many contacts of the list without filters lie before.
async fn position(test: &TestApp, sort: Sort, before: i64) -> Option<(String, Uuid)> {
    let (column, order) = order(sort);
    let sql = format!(
        "select {column}, id from contacts where tenant_id = $1 and deleted_at is null order by {order} \
         offset $2::bigint - 1 limit 1"
    );
    if before == 0 {
        return None;
    }
    let row = test.sql.query_one(&sql, &[&TENANT, &before]).await.unwrap();
    let key = if sort.key.is_time() { row.get::<_, jiff::Timestamp>(0).to_string() } else { row.get(0) };
    Some((key, row.get(1)))
}

/// The first three pages, found without any of the statement's ways.
async fn sorted(test: &TestApp, filter: &Filter, sort: Sort) -> Vec<Uuid> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut conditions = vec![format!("tenant_id = {}", quoted(TENANT))];
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
    add(filter.created.after.map(|time| format!("created_at > '{time}'")));
    add(filter.updated.after.map(|time| format!("updated_at > '{time}'")));
    add(filter.text.as_ref().map(|text| {
        let sought = quoted(&text.to_lowercase());
        format!("strpos(lower(concat_ws(' ', first_name, last_name, email, company)), {sought}) > 0")
    }));
    let (conditions, (_, order)) = (conditions.join(" and "), order(sort));
    let sql = format!("select id from contacts where {conditions} order by {order} limit {}", 3 * ROWS);
    test.sql.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

fn order(sort: Sort) -> (&'static str, String) {
    let column = match sort.key {
        SortKey::CreatedAt => "created_at",
        SortKey::UpdatedAt => "updated_at",
        SortKey::LastName => "last_name",
        SortKey::Email => "email",
    };
    let direction = if sort.descending { "desc" } else { "asc" };
    (column, format!("{column} {direction}, id {direction}"))
}

async fn fill(test: &TestApp) {
    test.execute(
        "do $$
         declare
             terms text := pg_get_indexdef('contacts_by_term'::regclass);
         begin
             insert into tenants (id, name) select 'tn_' || n, 'Tenant' from generate_series(1, 19) n
             union all select 'tn_large', 'Tenant';
             -- It is faster to build as a whole than row by row.
             drop index contacts_by_term;
             insert into contacts (tenant_id, id, first_name, last_name, email, company, status, tags, custom_fields,
                                   version, created_at, updated_at, deleted_at)
             select case when n % 2 = 0 then 'tn_large' else 'tn_' || (n / 2 % 19 + 1) end,
                    ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                    'First' || n, left(md5(n::text), 8) || case when n % 4000 = 0 then ' Zebra' else '' end,
                    'person' || n || '@example.com',
                    'Company ' || (n / 2 % 1000),
                    case when n % 500 = 0 then 'lead' when n % 5 = 0 then 'inactive' else 'active' end,
                    array_remove(array[case when n % 3 > 0 then 'common' end, case when n % 10000 = 0 then 'rare' end,
                                 case when n % 200 = 0 then 'middling' end, case when n % 32 = 0 then 'frequent' end, case when n % 2 = 1 then 'theirs' end,
                                 case when n <= 20000 then 'import' end], null),
                    '{}', 1, timestamptz '2026-01-01' + n * interval '1 second',
                    timestamptz '2026-01-01' + n * interval '1 second' + (n * 7919 % 100000) * interval '1 minute',
                    case when n % 50 in (14, 15) then timestamptz '2026-04-01' end
             from generate_series(1, 200000) n;
             execute terms;
             insert into connections (tenant_id, id, crm, base_url, secret_name)
             values ('tn_large', 'cn_a', 'acme', 'http://localhost', 'none');
             insert into links (tenant_id, contact_id, connection_id, remote_id)
             select 'tn_large', '00000000-0000-7000-8000-000000000008', 'cn_a', '7';
         end $$",
    )
    .await;
    test.execute("vacuum analyze contacts").await;
    test.execute("analyze links").await;
}

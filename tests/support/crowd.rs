//! A database full of contacts: a tenant that has most of them, among others.

use crate::app::TestApp;

/// How large it is to be. What each contact has follows from its number in its tenant, so that every tag, status and company
/// has the same share of a small crowd as of a large one.
#[derive(Debug, Clone, Copy)]
pub struct Crowd<'a> {
    /// The tenant that has most.
    pub tenant: &'a str,
    /// How many it has. A twenty-fifth of them are deleted.
    pub contacts: usize,
    /// How many the others have together, made in between; a whole part of all.
    pub others: usize,
    /// How many others there are.
    pub tenants: usize,
}

/// A connection of the tenant, to which a tenth of its contacts are linked: those whose numbers end with a 4, by their number.
pub const CONNECTION: &str = "cn_a";

/// Rows that one statement makes.
const ROWS: usize = 100_000;

impl Crowd<'_> {
    /// The statements that make it, one after the other on one connection. Indexes are left out and built as a whole
    /// afterwards, and what the rows refer to is not looked up for each, which is several times as fast.
    ///
    /// # Panics
    ///
    /// When PostgreSQL doesn't tell of the indexes.
    pub async fn statements(&self, test: &TestApp) -> Vec<String> {
        let sql =
            "select indexname, indexdef from pg_indexes where tablename = 'contacts' and indexname <> 'contacts_pkey'";
        let indexes = test.sql.query(sql, &[]).await.unwrap_or_else(|error| panic!("the indexes are unknown: {error}"));
        let drop = |row: &tokio_postgres::Row| format!("drop index {}", row.get::<_, &str>(0));
        let all = self.contacts + self.others;
        let mut statements = vec![
            "set session_replication_role = replica; set maintenance_work_mem = '256MB'".to_owned(),
            self.tenants_and_connection(),
        ];
        statements.extend(indexes.iter().map(drop));
        statements.extend((0..all).step_by(ROWS).map(|first| self.contacts(first + 1, all.min(first + ROWS))));
        statements.extend(indexes.iter().map(|row| row.get(1)));
        statements.push(self.links());
        statements.push("reset session_replication_role; reset maintenance_work_mem".to_owned());
        statements.extend(["vacuum (analyze) contacts".to_owned(), "vacuum (analyze) links".to_owned()]);
        statements
    }

    fn tenants_and_connection(&self) -> String {
        let Self { tenant, tenants, .. } = self;
        format!(
            "insert into tenants (id, name) \
             select 'tn_' || n, 'Tenant' from generate_series(1, {tenants}) n union all select '{tenant}', 'Tenant' \
             on conflict do nothing; \
             insert into connections (tenant_id, id, crm, base_url, secret_name) \
             values ('{tenant}', '{CONNECTION}', 'acme', 'http://localhost', 'none')"
        )
    }

    /// One contact a second, up to the last second of May.
    fn contacts(&self, first: usize, last: usize) -> String {
        let Self { tenant, contacts, others, tenants } = self;
        let all = contacts + others;
        let (share, old) = (all / others, contacts / 10);
        format!(
            "insert into contacts (tenant_id, id, first_name, last_name, email, phone, company, title, address, status, \
                                   tags, custom_fields, version, created_at, updated_at, deleted_at) \
             select case when mine then '{tenant}' else 'tn_' || (n / {share} % {tenants} + 1) end, \
                    ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, \
                    'First' || k, left(md5(n::text), 8) || case when k % 2000 = 0 then ' Zebra' else '' end, \
                    left(md5('email' || k), 8) || '@example.com', '+14155550100', 'Company ' || k % 1000, 'Engineer', \
                    '{{\"city\": \"London\", \"country\": \"GB\"}}', \
                    case when k % 250 = 0 then 'lead' when k % 5 = 0 then 'inactive' else 'active' end, \
                    array_remove(array[ \
                        case when k % 3 > 0 then 'common' end, case when k % 5000 = 0 then 'rare' end, \
                        case when k % 100 = 0 then 'middling' end, case when k % 16 = 0 then 'frequent' end, \
                        case when not mine then 'theirs' end, case when k <= {old} then 'import' end], null), \
                    '{{}}', 1, made, made + (n::bigint * 7919 % 100000) * interval '1 minute', \
                    case when k % 25 = 7 then made + interval '1 hour' end \
             from generate_series({first}, {last}) n, \
                  lateral (select n % {share} > 0 as mine, n - n / {share} as k, \
                                  timestamptz '2026-06-01Z' - ({all} - n + 1) * interval '1 second' as made) number"
        )
    }

    fn links(&self) -> String {
        let tenant = self.tenant;
        format!(
            "insert into links (tenant_id, contact_id, connection_id, remote_id) \
             select '{tenant}', id, '{CONNECTION}', substr(first_name, 6) from contacts \
             where tenant_id = '{tenant}' and first_name like '%4'"
        )
    }
}

impl TestApp {
    /// Makes a crowd.
    pub async fn fill(&self, crowd: &Crowd<'_>) {
        for statement in crowd.statements(self).await {
            self.execute(&statement).await;
        }
    }
}

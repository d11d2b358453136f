//! What is deployed is bounded, watched, and may do no more than it must. The templates are read as text, resource by
//! resource: what they mean to `CloudFormation` its own linter knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crosswalk::config::{Config, Env};

const TEMPLATES: [&str; 6] = [
    "template.yaml",
    "infrastructure/network.yaml",
    "infrastructure/stores.yaml",
    "infrastructure/proxy.yaml",
    "infrastructure/monitoring.yaml",
    "infrastructure/store-monitoring.yaml",
];

#[test]
fn the_proxy_is_made_when_the_role_is_there_that_it_logs_in_as() {
    let resources = resources(&read("template.yaml"));
    assert!(resources["Proxy"].contains("DependsOn: Schema"));
    let before = ["Stores", "MigrateDatabase", "Schema"];
    assert!(before.iter().all(|name| !resources[*name].contains("Proxy.Outputs")), "a circle");
}

/// On-demand pollers with a destination give a batch up after ten attempts, and a store may be away for longer.
#[test]
fn only_provisioned_pollers_give_a_batch_up() {
    let consumers = functions().into_iter().filter(|(_, text)| text.contains("Type: MSK"));
    for (name, text) in consumers {
        for setting in ["OnFailure", "MaximumRetryAttempts", "BisectBatchOnFunctionError"] {
            assert!(text.contains(&format!("{setting}: !If [ProvisionedPollers, ")), "{name}: {setting}");
        }
    }
}

#[test]
fn every_function_is_named_logged_and_watched_as_the_others_are() {
    let template = read("template.yaml");
    let globals = section(&template, "Globals");
    assert!(globals.contains("LogGroup: !Ref Logs") && globals.contains("PermissionsBoundary: !Ref Boundary"));
    assert!(globals.contains("Tags: {Schema: !Ref Schema}"), "they wait for the migrations");
    for logs in ["Logs", "ApiLogs"] {
        assert!(resources(&template)[logs].contains("RetentionInDays: !Ref LogRetentionDays"), "{logs}");
    }
    for (name, text) in functions() {
        assert!(text.contains(&format!("FunctionName: !Sub ${{AWS::StackName}}-{name}\n")), "{name}");
        for setting in ["LoggingConfig", "PermissionsBoundary", "VpcConfig", "Role:", "Tracing"] {
            assert!(!text.contains(&format!("\n      {setting}")), "{name} has a {setting} of its own");
        }
        let waits = !text.contains("Tags:");
        assert!(waits || name == "migrate-database", "{name} does not wait for the migrations");
    }
}

#[test]
fn what_may_be_done_to_everything_says_why() {
    for name in TEMPLATES {
        let text = read(name);
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            if matches!(*line, "Resource: \"*\"" | "Resource: '*'" | "Resource: ['*']" | "Resource: [\"*\"]") {
                assert!(lines[at - 1].starts_with('#'), "{name}:{}: why?", at + 1);
            }
            assert!(!line.contains("Action: \"*\"") && !line.contains("Action: '*'"), "{name}:{}", at + 1);
        }
    }
}

#[test]
fn a_secret_is_read_by_who_needs_it() {
    // What stands for the permission to read a secret, and who may.
    let all: BTreeSet<String> = functions().into_keys().collect();
    let without_stores = ["list-signing-keys", "prepare-kafka", "refuse-route", "rotate-signing-key", "serve-docs"];
    let stores: BTreeSet<_> = all.iter().map(String::as_str).filter(|name| !without_stores.contains(name)).collect();
    let admins = BTreeSet::from(["migrate-database", "rotate-database-password"]);
    let signers = BTreeSet::from(["issue-token", "rotate-signing-key"]);
    let crms = BTreeSet::from(["consume-contact-events", "receive-webhook"]);
    let may = |grants: &[&str]| -> BTreeSet<String> {
        let policies = |text: &str| text.split("      Policies:").nth(1).unwrap_or_default().to_owned();
        let granted = |text: &str| grants.iter().any(|grant| policies(text).contains(grant));
        functions().into_iter().filter(|(_, text)| granted(text)).map(|(name, _)| name).collect()
    };
    let named = |names: &BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(may(&["!Ref SigningKeySecret"]), named(&signers), "the signing key");
    assert_eq!(may(&["ReadAdminSecret"]), named(&admins), "the owner's password");
    assert_eq!(may(&["ReadConnectionSecrets"]), named(&crms), "the passwords of CRMs");
    let role = ["ReadApiSecrets", "ReadStoreSecrets", "ReadDatabaseSecret", "!Ref DatabaseSecret"];
    assert_eq!(may(&role), named(&stores), "the role's password");
    for name in all {
        let code = read(&format!("functions/{name}/src/lib.rs"));
        let verifies =
            ["app.admit(", "app.admit_at_cost(", "app.admit_reading("].iter().any(|call| code.contains(call))
                || name == "revoke-token"
                || name == "list-signing-keys";
        let reads = may(&["ReadApiSecrets", "SecretArn: !Ref VerificationKeysSecret"]).contains(&name);
        assert_eq!(verifies, reads, "{name}: the public keys");
    }
}

#[test]
fn who_goes_past_the_proxy_trusts_the_databases_own_authority() {
    for (name, text) in functions() {
        let direct = text.contains("CROSSWALK_DATABASE_HOST: !If [StoresAreMade, !GetAtt Stores.Outputs.WriterHost");
        assert_eq!(direct, text.contains("CROSSWALK_DATABASE_CA: /opt/rds.pem"), "{name}");
        let expected = ["migrate-database", "purge-expired", "relay-outbox", "rotate-database-password"];
        assert_eq!(direct, expected.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn a_deployment_with_a_new_migration_runs_it() {
    let schema = resources(&read("template.yaml"))["Schema"].clone();
    let folder = fs::read_dir(repository().join("migrations")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let newest =
        names.filter_map(|name| name.strip_prefix('V')?.split_once("__")?.0.parse::<u32>().ok()).max().unwrap();
    assert_eq!(value(&schema, "Migration"), newest.to_string(), "Schema, in template.yaml");
    let longest: u32 = value(&resources(&read("template.yaml"))["MigrateDatabase"], "Timeout").parse().unwrap();
    assert!(value(&schema, "ServiceTimeout").parse::<u32>().unwrap() > longest, "the function answers by itself");
}

#[test]
fn a_request_is_answered_before_its_function_is_cut() {
    let longest = Config::read(&Env::default()).unwrap().limits.time.as_secs();
    let globals = section(&read("template.yaml"), "Globals").to_owned();
    assert!(longest < value(&globals, "Timeout").parse().unwrap());
    let claim = Config::read(&Env::default()).unwrap().crms.claim.as_secs();
    assert!(claim > value(&functions()["consume-contact-events"], "Timeout").parse().unwrap());
}

#[test]
fn the_deployments_that_are_ready_give_what_the_template_knows() {
    let template = read("template.yaml");
    let known: BTreeSet<_> = names(section(&template, "Parameters")).collect();
    for (deployment, given) in deployments() {
        let given: BTreeSet<_> = given.keys().map(String::as_str).collect();
        assert_eq!(given.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "{deployment}");
    }
    // Each parameter stands in a group of the form that asks for them.
    let groups = section(&template, "Metadata");
    let asked = |name: &str| groups.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == name);
    assert_eq!(known.into_iter().filter(|name| !asked(name)).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// The parameters that samconfig.toml gives, for each of its deployments; none for what the template has by itself.
fn deployments() -> BTreeMap<String, BTreeMap<String, String>> {
    let text = read("samconfig.toml");
    let config: toml::Table = text.parse().unwrap();
    let given = |deployment: &toml::Value| {
        let overrides = deployment.get("deploy")?.get("parameters")?.get("parameter_overrides")?.as_array()?;
        let pairs = overrides.iter().filter_map(|pair| pair.as_str()?.split_once('='));
        Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    };
    let deployments = config.iter().filter(|(_, value)| value.is_table());
    deployments.map(|(name, deployment)| (name.clone(), given(deployment).unwrap_or_default())).collect()
}

/// The functions of the template by name, each as its text.
fn functions() -> BTreeMap<String, String> {
    let resources = resources(&read("template.yaml"));
    let functions = resources.into_values().filter(|text| text.contains("    Type: AWS::Serverless::Function\n"));
    let named = functions.map(|text| {
        let (_, binary) = text.split_once("BuildProperties: {Binary: ").expect("a binary to build");
        let name = binary.split('}').next().unwrap_or_default().to_owned();
        (name, text)
    });
    named.collect()
}

/// The resources by their logical names.
fn resources(template: &str) -> BTreeMap<String, String> {
    let section = section(template, "Resources");
    let mut resources = BTreeMap::<String, String>::new();
    let mut name = String::new();
    for line in section.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if let Some(begins) = member(line) {
            begins.clone_into(&mut name);
        }
        let text = resources.entry(name.clone()).or_default();
        text.push_str(line);
        text.push('\n');
    }
    resources
}

/// A part of the template, from its heading to the next.
fn section<'a>(template: &'a str, heading: &str) -> &'a str {
    let (_, rest) = template.split_once(&format!("\n{heading}:\n")).unwrap_or_else(|| panic!("no {heading}"));
    let end = rest
        .match_indices('\n')
        .map(|(at, _)| at)
        .find(|at| rest[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()));
    &rest[..end.unwrap_or(rest.len())]
}

fn names(section: &str) -> impl Iterator<Item = &str> {
    section.lines().filter_map(member)
}

/// The name in a line that begins a member of a section.
fn member(line: &str) -> Option<&str> {
    let name = line.strip_prefix("  ")?.strip_suffix(':')?;
    name.chars().all(|c| c.is_ascii_alphanumeric()).then_some(name)
}

/// What stands after the first key of this name.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let found = text.lines().find_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {key} in {text}")).trim()
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

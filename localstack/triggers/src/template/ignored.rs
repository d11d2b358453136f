//! Settings that mean something to AWS and nothing here. They are told, so that nobody takes them for tested.

use super::{error::Result, node::Node};

/// Resources that call functions by other ways than a function's own events.
const CALLERS: [&str; 7] = [
    "AWS::ApiGatewayV2::Route",
    "AWS::Events::Rule",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Scheduler::Schedule",
    "AWS::Serverless::Api",
    "AWS::Serverless::StateMachine",
];

/// What changes the answers of an HTTP API before or after its functions.
const API_SETTINGS: [&str; 3] = ["CorsConfiguration", "DefinitionBody", "DefinitionUri"];

/// What makes API Gateway check tokens itself; without these members `Auth` has no effect.
const AUTH_SETTINGS: [&str; 2] = ["Authorizers", "DefaultAuthorizer"];

/// Sentences about what is not honoured.
#[derive(Debug, Default)]
pub(super) struct Ignored(Vec<String>);

impl Ignored {
    pub(super) fn sentences(&self) -> &[String] {
        &self.0
    }

    pub(super) fn setting(&mut self, at: &str) {
        self.0.push(format!("{at} is not honoured here"));
    }

    /// AWS accepts the setting and does nothing with it.
    pub(super) fn without_pollers(&mut self, at: &str) {
        self.0.push(format!("{at} takes effect on AWS only with ProvisionedPollerConfig, so it has none here"));
    }

    pub(super) fn event(&mut self, at: &str, kind: &str) {
        self.0.push(format!("{at} is of type {kind}, which nothing here fires"));
    }

    pub(super) fn members_but(&mut self, node: &Node<'_>, honoured: &[&str]) -> Result<()> {
        for (key, member) in node.members()? {
            if !honoured.contains(&key) {
                self.setting(member.at());
            }
        }
        Ok(())
    }

    pub(super) fn resources(&mut self, root: &Node<'_>) -> Result<()> {
        if let Some(globals) = root.member("Globals").and_then(|node| node.member("HttpApi")) {
            self.api(&globals);
        }
        let Some(resources) = root.member("Resources") else {
            return Ok(());
        };
        for (_, resource) in resources.members()? {
            let Some(kind) = resource.member("Type") else {
                continue;
            };
            match &*kind.text()? {
                "AWS::Serverless::HttpApi" => {
                    resource.member("Properties").iter().for_each(|properties| self.api(properties));
                }
                kind if CALLERS.contains(&kind) => self.event(resource.at(), kind),
                _ => {}
            }
        }
        Ok(())
    }

    fn api(&mut self, properties: &Node<'_>) {
        let auth = properties.member("Auth");
        let auth = AUTH_SETTINGS.iter().filter_map(|setting| auth.as_ref()?.member(setting));
        let api = API_SETTINGS.iter().filter_map(|setting| properties.member(setting));
        for setting in auth.chain(api) {
            self.setting(setting.at());
        }
    }
}

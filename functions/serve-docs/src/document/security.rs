//! How callers show who they are.

use crosswalk::Scope;
use utoipa::openapi::ComponentsBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityRequirement,
    SecurityScheme,
};

const TOKEN: &str = "accessToken";
const CLIENT: &str = "clientSecret";
const SIGNATURE: &str = "webhookSignature";

/// A token that reaches this far.
pub(super) fn token(scope: Scope) -> SecurityRequirement {
    SecurityRequirement::new(TOKEN, [scope.as_str()])
}

/// A client's secret, in the header or in the form.
pub(super) fn client() -> [SecurityRequirement; 2] {
    [SecurityRequirement::new(CLIENT, [""; 0]), SecurityRequirement::default()]
}

/// What a connection signs with.
pub(super) fn signature() -> SecurityRequirement {
    SecurityRequirement::new(SIGNATURE, [""; 0])
}

/// Describes all of them.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let scopes = Scopes::from_iter(Scope::ALL.map(|scope| (scope.as_str(), reach(scope))));
    let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth/token", scopes));
    let token = OAuth2::with_description([flow], "An access token of `POST /oauth/token` (RFC 6749, section 4.4).");
    let client = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(
        "The client's id and its secret. The form's `client_id` and `client_secret` do as well; not both.",
    ));
    let signature = ApiKey::Header(ApiKeyValue::with_description(
        "X-Acme-Signature",
        "`sha256=` and, in hexadecimal, HMAC-SHA256 with the connection's secret over `X-Acme-Timestamp` and the body, \
         byte by byte. The secret before the current one is good as well.",
    ));
    components
        .security_scheme(TOKEN, SecurityScheme::OAuth2(token))
        .security_scheme(CLIENT, SecurityScheme::Http(client.build()))
        .security_scheme(SIGNATURE, SecurityScheme::ApiKey(signature))
}

fn reach(scope: Scope) -> &'static str {
    match scope {
        Scope::ContactsRead => "Read contacts, their history and their records",
        Scope::ContactsWrite => "Create, change, delete and restore contacts",
        Scope::WebhooksRead => "Read webhooks and what became of them",
        Scope::WebhooksWrite => "Have webhooks worked once more",
        Scope::SyncRead => "Read failures and conflicts of the sync",
        Scope::SyncWrite => "Have failures of the sync tried again",
    }
}

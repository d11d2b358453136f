//! Access tokens.

use std::time::Duration;

use crosswalk::auth::IssuedToken;
use crosswalk::error::OAuthFault::{InvalidClient, InvalidGrant, InvalidRequest, InvalidScope, UnsupportedGrantType};
use crosswalk::tokens::Granted;
use crosswalk::{Error, http};
use serde_json::json;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Schema, Type};

use super::route::Route;
use super::shapes::{text, whole, words};

const FORM: [&str; 1] = ["application/x-www-form-urlencoded"];
const SAMPLE: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJzdWIiOiJjbF9oYXJib3VyIn0.c2lnbmF0dXJl";

/// Their operations.
pub(super) fn routes() -> Vec<Route> {
    [issue(), revoke(), keys()].into_iter().map(|route| route.tag("Tokens")).collect()
}

fn issue() -> Route {
    let token = IssuedToken { token: SAMPLE.to_owned(), expires_in: 900 };
    let granted = http::granted(&Granted { token, scope: "contacts:read contacts:write".to_owned() });
    let basic = json!({"grant_type": "client_credentials", "scope": "contacts:read contacts:write"});
    let in_form =
        json!({"grant_type": "client_credentials", "client_id": "cl_harbour", "client_secret": "the-clients-secret"});
    Route::new(HttpMethod::Post, "/oauth/token", "issue-token", "Get an access token")
        .about(
            "The client credentials grant (RFC 6749, section 4.4). The client shows its secret by HTTP Basic or in the form, \
             not both. `scope` narrows what the token reaches; without it, all that the client may do.",
        )
        .client()
        .takes(&FORM, "TokenRequest", &[("The secret by HTTP Basic", basic), ("The secret in the form", in_form)])
        .answers("A token", "Token", &granted)
        .refuses([
            Error::OAuth(InvalidRequest, "grant_type is missing"),
            Error::OAuth(UnsupportedGrantType, "grant_type must be client_credentials"),
            Error::OAuth(InvalidScope, "the client may not ask for this scope"),
        ])
        .refuses(refusals())
}

fn revoke() -> Route {
    let form = json!({"token": SAMPLE});
    Route::new(HttpMethod::Post, "/oauth/revoke", "revoke-token", "Revoke an access token")
        .about("Revokes one of the client's own tokens (RFC 7009). One that is unknown, expired or revoked already is a 200 too.")
        .client()
        .takes(&FORM, "RevocationRequest", &[("A token", form)])
        .answers("The token is good no longer", None, &http::ok())
        .refuses([
            Error::OAuth(InvalidRequest, "token is missing"),
            Error::OAuth(InvalidGrant, "the token was issued to another client"),
        ])
        .refuses(refusals())
}

fn keys() -> Route {
    let key = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "alg": "EdDSA",
        "kid": "k1",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    Route::new(HttpMethod::Get, "/.well-known/jwks.json", "list-signing-keys", "List the keys that sign tokens")
        .about("The public keys (RFC 7517) with which anybody can verify an access token: the current one and the previous.")
        .answers("The keys", "JsonWebKeySet", &http::public_keys(&json!({"keys": [key]})))
        .stored()
}

/// What both token endpoints refuse.
fn refusals() -> [Error; 5] {
    [
        Error::OAuth(InvalidClient, "the client is unknown or its secret is wrong"),
        Error::BodyTooLarge { limit: 16_384 },
        Error::RateLimited { retry_after: Duration::from_secs(6) },
        Error::internal("issue a token", "an example"),
        Error::unavailable("PostgreSQL", "an example"),
    ]
}

/// Their schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let client = |form: ObjectBuilder| {
        // What is not known is passed over (RFC 6749, section 3.2), but nothing may be there twice.
        form.additional_properties(Some(Schema::from(ObjectBuilder::new().schema_type(Type::String))))
            .property("client_id", text("The client's id, unless HTTP Basic has it."))
            .property("client_secret", text("The client's secret, unless HTTP Basic has it."))
    };
    let request = ObjectBuilder::new()
        .property("grant_type", words(["client_credentials"], "How the client asks."))
        .property("scope", text("Scopes, separated by spaces."))
        .required("grant_type");
    let revocation =
        ObjectBuilder::new().property("token", text("The access token.").min_length(Some(1))).required("token");
    let token = ObjectBuilder::new()
        .property("access_token", text("The token, a JSON Web Token."))
        .property("token_type", words(["Bearer"], "How to show it (RFC 6750)."))
        .property("expires_in", whole(1, "How many seconds it is good for."))
        .property("scope", text("What it reaches."))
        .required("access_token")
        .required("token_type")
        .required("expires_in")
        .required("scope");
    let words_for_errors = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unsupported_grant_type",
        "invalid_scope",
        "temporarily_unavailable",
        "server_error",
    ];
    let error = ObjectBuilder::new()
        .property("error", words(words_for_errors, "What is wrong, for programs (RFC 6749, section 5.2)."))
        .property("error_description", text("What is wrong, for people."))
        .required("error")
        .required("error_description");
    let names = ["kty", "crv", "use", "alg", "kid", "x"];
    let key = names.into_iter().fold(ObjectBuilder::new(), |key, name| {
        key.property(name, ObjectBuilder::new().schema_type(Type::String)).required(name)
    });
    let keys = ObjectBuilder::new().property("keys", ArrayBuilder::new().items(key.build())).required("keys");
    components
        .schema("TokenRequest", client(request))
        .schema("RevocationRequest", client(revocation))
        .schema("Token", token)
        .schema("OAuthError", error)
        .schema("JsonWebKeySet", keys)
}

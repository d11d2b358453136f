//! Logging in, one at a time: whoever needs a token finds it in memory, else in Redis, else asks the CRM while the others
//! wait for what it says.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use redis::Pipeline;
use serde::{Deserialize, Serialize};

use super::{Failure, Session};
use crate::auth::Account;
use crate::mapping::Pass;

/// A token is not used in its last seconds: the call must still find it good.
const MARGIN: i64 = 30;

/// How long others wait for the one who logs in, should it die.
const LOGIN_MS: u64 = 10_000;

/// How often they look.
const LOOK: Duration = Duration::from_millis(50);

/// A CRM's word on how long its token is good is taken within these bounds: a shorter time would make us log in with
/// every call, and a longer one outlives a change of the password.
const LIFETIME: RangeInclusive<u64> = 60..=24 * 60 * 60;

/// No token is longer.
const MAX_TOKEN: usize = 8 * 1024;

/// The tokens that an instance has, by tenant and connection.
#[derive(Debug, Default)]
pub(super) struct Passes(Mutex<HashMap<(String, String), Kept>>);

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    token: String,
    /// Seconds since 1970.
    until: i64,
}

impl Session<'_> {
    /// A token, another than the one that is no longer good.
    pub(super) async fn token(&self, stale: Option<&str>) -> Result<String, Failure> {
        let good = |kept: &Kept| kept.is_good() && Some(kept.token.as_str()) != stale;
        if let Some(kept) = self.recall().filter(good) {
            return Ok(kept.token);
        }
        let deadline = tokio::time::Instant::now() + Duration::from_millis(LOGIN_MS);
        loop {
            // With Redis away each instance logs in by itself.
            let Ok((kept, is_first)) = self.shared().await else { return self.log_in(false).await };
            if let Some(kept) = kept.filter(good) {
                self.remember(&kept);
                if is_first {
                    self.let_others().await;
                }
                return Ok(kept.token);
            }
            if is_first {
                return self.log_in(true).await;
            }
            if tokio::time::Instant::now() > deadline {
                return Err(Failure::Unreached("nobody could log in at the CRM".to_owned()));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Asks the CRM, and tells the others.
    async fn log_in(&self, others_wait: bool) -> Result<String, Failure> {
        let asked = self.ask_for_pass().await;
        let outcome = match asked {
            Ok(Pass { token, seconds }) => {
                let until = Timestamp::now().as_second().saturating_add_unsigned(seconds);
                let kept = Kept { token, until };
                self.remember(&kept);
                self.share(&kept).await;
                Ok(kept.token)
            }
            Err(failure) => Err(failure),
        };
        if others_wait {
            self.let_others().await;
        }
        outcome
    }

    async fn ask_for_pass(&self) -> Result<Pass, Failure> {
        let unreached = |cause: String| Failure::Unreached(format!("no login at the CRM: {cause}"));
        let secret = &self.account.secret;
        let account: Account = self.secrets.get(secret).await.map_err(|error| unreached(error.to_string()))?;
        let login = self.crm.login(&account.username, &account.password);
        let answer = self.ask(&login, None).await.map_err(|failure| match failure {
            busy @ Failure::Busy(_) => busy,
            other => unreached(other.to_string()),
        })?;
        let Some(answer) = answer else {
            // The password may have been changed; the next try finds the new one.
            drop(self.secrets.refresh::<Account>(secret).await);
            return Err(unreached("it refuses the username or the password".to_owned()));
        };
        let pass = self.crm.pass(&answer).ok_or_else(|| unreached("its answer has no token".to_owned()))?;
        if !is_token(&pass.token) {
            return Err(unreached(format!(
                "the token in its answer is not visible ASCII of at most {MAX_TOKEN} bytes"
            )));
        }
        Ok(Pass { seconds: pass.seconds.clamp(*LIFETIME.start(), *LIFETIME.end()), ..pass })
    }

    /// The token that all share, if there is one, and whether we are the one who may log in now.
    async fn shared(&self) -> Result<(Option<Kept>, bool), crate::cache::Away> {
        let (pass, login) = (self.pass_key(), self.login_key());
        let build = |_| {
            let mut pipeline = Pipeline::with_capacity(2);
            pipeline.get(&pass).cmd("SET").arg(&login).arg(1).arg("NX").arg("PX").arg(LOGIN_MS);
            pipeline
        };
        let (kept, first): (Option<String>, Option<String>) = self.redis.ask(build).await?;
        Ok((kept.and_then(|text| serde_json::from_str(&text).ok()), first.is_some()))
    }

    async fn share(&self, kept: &Kept) {
        let (key, text) = (self.pass_key(), serde_json::to_string(kept).unwrap_or_default());
        let seconds = u64::try_from(kept.until - MARGIN - Timestamp::now().as_second()).unwrap_or(0).max(1);
        let build = |_| {
            let mut pipeline = Pipeline::with_capacity(1);
            pipeline.set_ex(&key, &text, seconds).ignore();
            pipeline
        };
        let _: Result<(), _> = self.redis.ask(build).await;
    }

    async fn let_others(&self) {
        let key = self.login_key();
        let build = |_| {
            let mut pipeline = Pipeline::with_capacity(1);
            pipeline.del(&key).ignore();
            pipeline
        };
        let _: Result<(), _> = self.redis.ask(build).await;
    }

    fn pass_key(&self) -> String {
        self.redis.keys().pass(&self.account.tenant, &self.account.connection)
    }

    fn login_key(&self) -> String {
        self.redis.keys().login(&self.account.tenant, &self.account.connection)
    }

    fn recall(&self) -> Option<Kept> {
        let passes = self.remote.passes.0.lock().unwrap_or_else(PoisonError::into_inner);
        passes.get(&self.place()).cloned()
    }

    fn remember(&self, kept: &Kept) {
        let mut passes = self.remote.passes.0.lock().unwrap_or_else(PoisonError::into_inner);
        passes.retain(|_, kept| kept.is_good());
        passes.insert(self.place(), kept.clone());
    }

    fn place(&self) -> (String, String) {
        (self.account.tenant.clone(), self.account.connection.clone())
    }
}

/// Whether a header can carry it.
fn is_token(text: &str) -> bool {
    (1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Kept {
    fn is_good(&self) -> bool {
        self.until - MARGIN > Timestamp::now().as_second()
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("until", &self.until).finish_non_exhaustive()
    }
}

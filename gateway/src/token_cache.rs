//! Token cache: the tokens that one worker has verified, so that none is verified for each of many requests.

use actix_web::http::header::HeaderMap;
use foldhash::quality::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};
use shared_web::caller::{Identity, bearer_token};
use shared_web::tokens::{CheckedToken, TokenError, TokenKeys};
use std::cell::RefCell;

/// The most tokens of a worker. A token has some 300 bytes.
const MAX_TOKENS: usize = 8192;

/// The valid tokens, each as a whole, with their expiry. An invalid token is verified each time.
///
/// A fast hash will do: nobody chooses the keys, as the auth service has signed each token.
pub(crate) struct TokenCache(RefCell<Cache<Box<str>, CheckedToken, UnitWeighter, RandomState>>);

impl Default for TokenCache {
    fn default() -> Self {
        let capacity = u64::try_from(MAX_TOKENS).unwrap_or(u64::MAX);
        let (hasher, lifecycle) = (RandomState::default(), DefaultLifecycle::default());
        Self(RefCell::new(Cache::with(MAX_TOKENS, capacity, UnitWeighter, hasher, lifecycle)))
    }
}

impl TokenCache {
    /// The user whose token a request has, as [`Identity::of`].
    pub(crate) fn identity(&self, headers: &HeaderMap, keys: &TokenKeys) -> Result<Identity, TokenError> {
        let token = bearer_token(headers)?;
        let known = self.0.borrow().get(token).copied();
        if let Some(checked) = known {
            return keys.unless_expired(checked);
        }
        let checked = keys.check(token)?;
        let identity = keys.unless_expired(checked)?;
        self.0.borrow_mut().insert(token.into(), checked);
        Ok(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{AUTHORIZATION, HeaderValue};
    use shared::clock::Clock;
    use shared::ids::UserId;
    use std::time::Duration;

    const TTL: Duration = Duration::from_secs(60);

    fn keys(clock: &Clock) -> TokenKeys {
        TokenKeys::new(&shared_test_kit::SECRET_KEY.into(), clock.clone()).unwrap()
    }

    fn identify(tokens: &TokenCache, keys: &TokenKeys, token: &str) -> Result<UserId, TokenError> {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        tokens.identity(&headers, keys).map(|identity| identity.user_id)
    }

    #[test]
    fn a_cached_token_expires() {
        let clock = Clock::manual();
        let (tokens, keys) = (TokenCache::default(), keys(&clock));
        let user = UserId::generate();
        let token = keys.issue_access(user, TTL).unwrap();
        for _ in 0..2 {
            assert_eq!(identify(&tokens, &keys, &token), Ok(user));
        }
        clock.advance(TTL + Duration::from_secs(5));

        assert_eq!(identify(&tokens, &keys, &token), Err(TokenError::Expired));
    }

    #[test]
    fn a_forged_token_that_resembles_a_cached_one_is_refused() {
        let clock = Clock::manual();
        let (tokens, keys) = (TokenCache::default(), keys(&clock));
        let [one, two] = [(); 2].map(|()| keys.issue_access(UserId::generate(), TTL).unwrap());
        identify(&tokens, &keys, &one).unwrap();
        let (signed, _) = one.rsplit_once('.').unwrap();
        let (_, signature) = two.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{signature}");

        assert_eq!(identify(&tokens, &keys, &forged), Err(TokenError::BadSignature));
    }

    #[test]
    fn at_most_8192_tokens_are_kept_and_tokens_in_use_stay() {
        let clock = Clock::manual();
        let (tokens, keys) = (TokenCache::default(), keys(&clock));
        let (user, often) = (UserId::generate(), UserId::generate());
        let wanted = keys.issue_access(often, TTL).unwrap();

        for _ in 0..3 * MAX_TOKENS / 2 {
            identify(&tokens, &keys, &keys.issue_access(user, TTL).unwrap()).unwrap();
            assert_eq!(identify(&tokens, &keys, &wanted), Ok(often));
        }

        let kept = tokens.0.borrow();
        assert!((MAX_TOKENS / 2..=MAX_TOKENS).contains(&kept.len()), "{}", kept.len());
        assert!(kept.contains_key(wanted.as_str()), "a token in use stays");
    }
}

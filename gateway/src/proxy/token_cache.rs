//! Token cache: the tokens that one worker has verified, so that none is verified for each of many requests.

use actix_web::http::header::HeaderMap;
use foldhash::quality::RandomState;
use shared_web::caller::{Identity, bearer_token};
use shared_web::tokens::{CheckedToken, TokenError, TokenKeys};
use std::cell::RefCell;
use std::collections::HashMap;

/// The most tokens of a generation. A token has some 300 bytes.
const TOKENS_PER_GENERATION: usize = 4096;

/// The valid tokens, each as a whole, with their expiry. An invalid token is verified each time.
///
/// Eviction by two generations: a full one becomes the old one, and the old one's tokens that were not used meanwhile are
/// forgotten.
#[derive(Default)]
pub(crate) struct TokenCache(RefCell<Generations>);

/// A fast hash will do: nobody chooses the keys, as the auth service has signed each token.
type Generation = HashMap<Box<str>, CheckedToken, RandomState>;

#[derive(Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

impl TokenCache {
    /// The user whose token a request has, as [`Identity::of`].
    pub(crate) fn identity(&self, headers: &HeaderMap, keys: &TokenKeys) -> Result<Identity, TokenError> {
        let token = bearer_token(headers)?;
        let known = self.0.borrow_mut().find(token);
        if let Some(checked) = known {
            return keys.unless_expired(checked);
        }
        let checked = keys.check(token)?;
        let identity = keys.unless_expired(checked)?;
        self.0.borrow_mut().add(token.into(), checked);
        Ok(identity)
    }
}

impl Generations {
    fn find(&mut self, token: &str) -> Option<CheckedToken> {
        if let Some(checked) = self.young.get(token) {
            return Some(*checked);
        }
        let (token, checked) = self.old.remove_entry(token)?;
        self.add(token, checked);
        Some(checked)
    }

    fn add(&mut self, token: Box<str>, checked: CheckedToken) {
        if self.young.len() >= TOKENS_PER_GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(token, checked);
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
    fn at_most_two_generations_are_kept_and_tokens_in_use_stay() {
        let clock = Clock::manual();
        let (tokens, keys) = (TokenCache::default(), keys(&clock));
        let (user, often) = (UserId::generate(), UserId::generate());
        let wanted = keys.issue_access(often, TTL).unwrap();
        for _ in 0..3 * TOKENS_PER_GENERATION {
            identify(&tokens, &keys, &keys.issue_access(user, TTL).unwrap()).unwrap();
            assert_eq!(identify(&tokens, &keys, &wanted), Ok(often));
        }
        let kept = tokens.0.borrow();
        assert!(kept.young.len() <= TOKENS_PER_GENERATION && kept.old.len() <= TOKENS_PER_GENERATION);
        assert!(kept.young.contains_key(wanted.as_str()), "a token in use stays");
    }
}

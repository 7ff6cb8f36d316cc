//! Tokens that were checked, so that none is checked for each of many requests.

use actix_web::http::header::HeaderMap;
use foldhash::quality::RandomState;
use shared::identity::{Checked, Identity, TokenError, TokenKeys, bearer_token};
use std::cell::RefCell;
use std::collections::HashMap;

/// How many tokens a generation holds; a token has some 300 bytes.
const GENERATION: usize = 4096;

/// The tokens that one worker has found good, each as a whole, and until when. A token that is not, costs a check each time.
///
/// When a generation is full, it becomes the old one, and what of the old one was not asked for meanwhile is forgotten.
#[derive(Default)]
pub(crate) struct TokenCache(RefCell<Generations>);

/// Nobody chooses what comes in here, as each token was signed by the auth service: a fast hash will do.
type Generation = HashMap<Box<str>, Checked, RandomState>;

#[derive(Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

impl TokenCache {
    /// Whose token a request has, as [`Identity::of`] tells.
    pub(crate) fn identity(&self, headers: &HeaderMap, keys: &TokenKeys) -> Result<Identity, TokenError> {
        let token = bearer_token(headers)?;
        let known = self.0.borrow_mut().find(token);
        if let Some(checked) = known {
            return keys.still(checked);
        }
        let checked = keys.check(token)?;
        let identity = keys.still(checked)?;
        self.0.borrow_mut().add(token.into(), checked);
        Ok(identity)
    }
}

impl Generations {
    fn find(&mut self, token: &str) -> Option<Checked> {
        if let Some(checked) = self.young.get(token) {
            return Some(*checked);
        }
        let (token, checked) = self.old.remove_entry(token)?;
        self.add(token, checked);
        Some(checked)
    }

    fn add(&mut self, token: Box<str>, checked: Checked) {
        if self.young.len() >= GENERATION {
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
        TokenKeys::new(&shared::test_kit::SECRET_KEY.into(), clock.clone()).unwrap()
    }

    fn ask(tokens: &TokenCache, keys: &TokenKeys, token: &str) -> Result<UserId, TokenError> {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        tokens.identity(&headers, keys).map(|identity| identity.user_id)
    }

    #[test]
    fn a_token_that_is_known_expires_all_the_same() {
        let clock = Clock::manual();
        let (tokens, keys) = (TokenCache::default(), keys(&clock));
        let user = UserId::generate();
        let token = keys.issue_access(user, TTL).unwrap();
        for _ in 0..2 {
            assert_eq!(ask(&tokens, &keys, &token), Ok(user));
        }
        clock.advance(TTL + Duration::from_secs(5));
        assert_eq!(ask(&tokens, &keys, &token), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_that_is_like_a_known_one_is_checked() {
        let clock = Clock::manual();
        let (tokens, keys) = (TokenCache::default(), keys(&clock));
        let [one, two] = [(); 2].map(|()| keys.issue_access(UserId::generate(), TTL).unwrap());
        ask(&tokens, &keys, &one).unwrap();
        let (signed, _) = one.rsplit_once('.').unwrap();
        let (_, signature) = two.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{signature}");
        assert_eq!(ask(&tokens, &keys, &forged), Err(TokenError::BadSignature));
    }

    #[test]
    fn no_more_than_two_generations_are_kept() {
        let clock = Clock::manual();
        let (tokens, keys) = (TokenCache::default(), keys(&clock));
        let (user, often) = (UserId::generate(), UserId::generate());
        let wanted = keys.issue_access(often, TTL).unwrap();
        for _ in 0..3 * GENERATION {
            ask(&tokens, &keys, &keys.issue_access(user, TTL).unwrap()).unwrap();
            assert_eq!(ask(&tokens, &keys, &wanted), Ok(often));
        }
        let kept = tokens.0.borrow();
        assert!(kept.young.len() <= GENERATION && kept.old.len() <= GENERATION);
        assert!(kept.young.contains_key(wanted.as_str()), "what is asked for stays");
    }
}

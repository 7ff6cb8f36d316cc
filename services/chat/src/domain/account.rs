//! Whom a request names as the account.

use shared::ids::{UserId, parse_uuid};
use shared::input::{Reason, TextField};
use shared::username::name_key;

/// Four times as many as a name has composed: no character of one decomposes into more.
const MAX_NAME_CHARACTERS: usize = 4 * 64;

/// A user's id, in either form, or a user's name, as it is matched at a login. Whose it is has to be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRef(String);

impl AccountRef {
    /// Whether it is this user's id.
    pub fn is_id(&self, user: UserId) -> bool {
        parse_uuid(&self.0) == Some(user.as_uuid())
    }

    /// What may be a name; `None` where it is longer than any, however that is composed.
    pub fn name(&self) -> Option<&str> {
        (self.0.chars().count() <= MAX_NAME_CHARACTERS).then_some(&*self.0)
    }

    /// Whether it has the key of this name.
    pub fn is_name(&self, name: &str) -> bool {
        name_key(&self.0) == name_key(name)
    }
}

impl TextField for AccountRef {
    fn parse(text: String) -> Result<Self, Reason> {
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(text: &str) -> AccountRef {
        AccountRef::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn an_id_counts_in_both_forms_and_any_case() {
        let user = UserId::generate();
        let text = user.to_string();
        for same in [&text, &text.to_uppercase(), &text.replace('-', "")] {
            assert!(account(same).is_id(user), "{same}");
        }
        assert!(!account(&UserId::generate().to_string()).is_id(user));
        assert!(!account("ann").is_id(user));
    }

    #[test]
    fn a_name_counts_as_at_a_login() {
        assert!(account("ANN@example.org").is_name("ann@Example.org"));
        assert!(account("σίσυφος").is_name("ΣΊΣΥΦΟΣ"));
        assert!(account("STRAẞE").is_name("straße"));
        assert!(!account("ann ").is_name("ann"));
        assert!(!account("").is_name("ann"));
    }
}

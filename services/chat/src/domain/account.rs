//! The account that a request names.

use shared::ids::{UserId, parse_uuid};
use shared::username::name_key;
use shared::validation::{Reason, TextField};

/// Four times the characters of a composed name: none of them decomposes into more.
const MAX_NAME_CHARACTERS: usize = 4 * 64;

/// A user's id, in either form, or a user's name, as at a login. It is not resolved yet.
#[derive(Debug, Clone, PartialEq, Eq, utoipa::ToSchema)]
pub struct AccountRef(String);

impl AccountRef {
    /// Whether it is this user's id.
    pub fn is_id(&self, user: UserId) -> bool {
        parse_uuid(&self.0) == Some(user.as_uuid())
    }

    /// The text as a name. `None` if it is longer than any name, in any composition.
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
    fn an_id_matches_in_both_forms_and_any_case() {
        let user = UserId::generate();
        let text = user.to_string();
        for same in [&text, &text.to_uppercase(), &text.replace('-', "")] {
            assert!(account(same).is_id(user), "{same}");
        }

        assert!(!account(&UserId::generate().to_string()).is_id(user));
        assert!(!account("ann").is_id(user));
    }

    #[test]
    fn a_name_matches_as_at_a_login() {
        assert!(account("ANN@example.org").is_name("ann@Example.org"));
        assert!(account("σίσυφος").is_name("ΣΊΣΥΦΟΣ"));
        assert!(account("STRAẞE").is_name("straße"));
        assert!(!account("ann ").is_name("ann"));
        assert!(!account("").is_name("ann"));
    }
}

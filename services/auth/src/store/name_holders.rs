//! The holders of a name, and the version of the rule that computes name keys.

use super::schema::users;
use diesel::dsl::auto_type;
use diesel::prelude::*;

/// The version of the rule of [`name_key`](shared::username::name_key). Raise it whenever another key may come out, also
/// because of a newer Unicode.
pub(super) const KEY_VERSION: i16 = 1;

/// The users who hold a name or one with the same key. An older version that still runs beside this one writes rows without
/// a key.
#[auto_type(no_type_alias)]
pub(super) fn holders<'a>(key: &'a str, folded: &'a str) -> _ {
    let without_key = users::name_key.is_null().and(users::folded_name.eq(folded));
    users::table.filter(users::name_key.eq(key).or(users::folded_name.eq(key)).or(without_key))
}

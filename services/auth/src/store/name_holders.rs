//! For whom a name is taken, and the version of the rule by which names have keys.

use super::schema::users;
use diesel::dsl::auto_type;
use diesel::prelude::*;

/// The version of the rule by which [`name_key`] makes keys: one more whenever another one might come out, also where that
/// is because of a newer Unicode.
pub(super) const KEY_VERSION: i16 = 1;

/// Those for whom a name is taken. Where a program from before there were keys still runs beside this one, there are rows
/// whose key was not computed yet.
#[auto_type(no_type_alias)]
pub(super) fn holders<'a>(key: &'a str, folded: &'a str) -> _ {
    let without_key = users::name_key.is_null().and(users::folded_name.eq(folded));
    users::table.filter(users::name_key.eq(key).or(users::folded_name.eq(key)).or(without_key))
}

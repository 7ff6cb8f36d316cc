//! COALESCE of times.

use diesel::sql_types::Nullable;
use shared::sql_types::Instant;

#[diesel::declare_sql_function]
extern "SQL" {
    /// The first of two times that is not null.
    #[sql_name = "COALESCE"]
    fn first_time(one: Nullable<Instant>, other: Instant) -> Instant;
}

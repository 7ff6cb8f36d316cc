//! The functions of the migrations, on PostgreSQL alone.
#![expect(clippy::too_many_arguments, reason = "a function of SQL takes columns, not rows")]

use diesel::pg::sql_types::Record;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use shared::sql_types::{Instant, Uid};

/// The columns of `append_to_line`: the outcome, the chat, the branch, the head before, the depth, the time, and whether the message
/// may have other versions.
type Appended = Record<(
    Text,
    Nullable<Uid>,
    Nullable<Uid>,
    Nullable<Uid>,
    Nullable<BigInt>,
    Nullable<Instant>,
    Nullable<Bool>,
)>;

#[diesel::declare_sql_function]
extern "SQL" {
    fn append_to_line(
        its_owner: Uid,
        target: Uid,
        named: Nullable<Uid>,
        expects_head: Bool,
        expected_head: Nullable<Uid>,
        its_id: Uid,
        its_time: Instant,
        its_key: Nullable<Uid>,
        its_hash: Nullable<Binary>,
        its_bytes: BigInt,
        its_metadata: Text,
        its_question: Text,
        its_response: Text,
        its_generation: Nullable<Text>,
        its_input_items: Nullable<Text>,
        its_output_items: Nullable<Text>,
    ) -> Appended;

    fn activate_branch_at(
        its_owner: Uid,
        target: Uid,
        named: Uid,
        its_time: Instant,
    ) -> Record<(Text, Nullable<Uid>)>;
}

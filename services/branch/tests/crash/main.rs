//! What is left when the service is killed at any step of what it does in several, on MongoDB (`TEST_MONGO_URL`), where
//! there are no transactions; and when the database is (`TEST_MONGO_SERVER`).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod batches;
mod chat_forks;
mod crash_driver;
mod database_state;
#[path = "../store/kit.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "it is that of the stores' suite")]
mod kit;
mod operations;
mod outage;
mod process;
mod recovery_checks;
mod snapshot;
mod tree;
mod wire;

use libtest_mimic::{Arguments, Trial};
use operations::Operation;
use shared_test_kit::TestDatabase;
use tokio::runtime::Builder;

fn main() {
    let fork = |activate, with_id, keyed| Operation::Fork { activate, with_id, keyed };
    let edit = |activate, keyed| Operation::Edit { activate, keyed };
    let operations = [
        ("fork", fork(false, false, false)),
        ("fork_with_an_id", fork(false, true, false)),
        ("fork_with_a_key", fork(false, false, true)),
        ("fork_that_becomes_active", fork(true, false, false)),
        ("fork_with_all_of_that", fork(true, true, true)),
        ("fork_of_what_is_deleted", Operation::ForkOfTheDeleted),
        ("edit", edit(false, false)),
        ("edit_with_a_key", edit(false, true)),
        ("edit_that_becomes_active", edit(true, false)),
        ("edit_with_all_of_that", edit(true, true)),
        ("fork_on_head_moved_of_what_is_deleted", Operation::ForkOnHeadMovedOfTheDeleted),
        ("answer", Operation::Answer { activate: false }),
        ("answer_that_becomes_active", Operation::Answer { activate: true }),
        ("cherry_pick", Operation::CherryPick { keyed: false }),
        ("cherry_pick_with_a_key", Operation::CherryPick { keyed: true }),
        ("delete_leaf", Operation::DeleteLeaf),
        ("cascade", Operation::Cascade),
        ("delete_chat", Operation::DeleteChat),
        ("delete_leaf_for_a_while", Operation::DeleteForAWhile { cascade: false }),
        ("cascade_for_a_while", Operation::DeleteForAWhile { cascade: true }),
        ("restore", Operation::Restore),
        ("destroy", Operation::Destroy),
    ];
    let mut trials = Vec::new();
    // These wait longest, and others work meanwhile.
    trials.push(trial(
        "outage::appends_while_the_database_is_killed".to_owned(),
        outage::has_server(),
        outage::appends_while_the_database_is_killed,
    ));
    trials.push(trial(
        "outage::appends_to_many_lines_while_the_database_is_killed".to_owned(),
        outage::has_server(),
        outage::appends_to_many_lines_while_the_database_is_killed,
    ));
    trials.extend(operations.map(|(name, operation)| {
        let test = format!("killed_at_every_step_of::{name}");
        trial(test, TestDatabase::has_mongo(), move || crash_driver::at_every_step(operation))
    }));
    let of_chats = [
        ("fork_chat", chat_forks::Operation::Fork),
        ("fork_of_a_chat_that_is_deleted", chat_forks::Operation::ForkOfTheDeleted),
        ("delete_source_of_a_fork", chat_forks::Operation::DeleteSource),
        ("delete_branch_below_a_fork", chat_forks::Operation::DeleteBranch),
        ("delete_last_fork", chat_forks::Operation::DeleteFork),
    ];
    trials.extend(of_chats.map(|(name, operation)| {
        let test = format!("killed_at_every_step_of::{name}");
        trial(test, TestDatabase::has_mongo(), move || chat_forks::at_every_step(operation))
    }));
    trials.push(trial(
        "batches::lines_with_one_message_each_share_inserts".to_owned(),
        TestDatabase::has_mongo(),
        batches::lines_with_one_message_each_share_inserts,
    ));
    trials.push(trial(
        "batches::requests_for_many_chats_share_reads_and_activations".to_owned(),
        TestDatabase::has_mongo(),
        batches::requests_for_many_chats_share_reads_and_activations,
    ));
    trials.push(trial(
        "batches::a_chat_that_is_deleted_during_an_activation_is_not_found".to_owned(),
        TestDatabase::has_mongo(),
        batches::a_chat_that_is_deleted_during_an_activation_is_not_found,
    ));
    trials.push(trial(
        "batches::a_fork_whose_activation_loses_its_answer_overrides_no_later_choice".to_owned(),
        TestDatabase::has_mongo(),
        batches::a_fork_whose_activation_loses_its_answer_overrides_no_later_choice,
    ));
    trials.push(trial(
        "batches::an_activation_whose_answer_is_lost_is_sent_again".to_owned(),
        TestDatabase::has_mongo(),
        batches::an_activation_whose_answer_is_lost_is_sent_again,
    ));
    trials.push(trial(
        "batches::a_version_that_takes_too_long_is_refused_whole".to_owned(),
        TestDatabase::has_mongo(),
        batches::a_version_that_takes_too_long_is_refused_whole,
    ));
    trials.push(trial(
        "batches::an_equal_request_finishes_a_version_that_is_under_way".to_owned(),
        TestDatabase::has_mongo(),
        batches::an_equal_request_finishes_a_version_that_is_under_way,
    ));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A test, which is ignored where there is nothing to run it on.
fn trial<W: Future<Output = ()>>(
    name: String,
    has_server: bool,
    work: impl FnOnce() -> W + Send + 'static,
) -> Trial {
    let run = move || {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(work());
        Ok(())
    };
    Trial::test(name, run).with_ignored_flag(!has_server)
}

//! What every engine must do alike: each test runs on SQLite, and on PostgreSQL and MongoDB where `TEST_DATABASE_URL`
//! and `TEST_MONGO_URL` are set. Where they are not, the runner says that the tests of these engines are ignored.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod branches;
mod deleting;
mod forking;
mod hot_lines;
mod keys;
mod kit;
mod lines;
mod lists;
mod model;
mod outage;
mod races;
mod texts;
mod times;

use kit::{Engine, Kit};
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Builder;

/// A test that has a store of its own, on an engine. Which engines there are is known only when it runs.
macro_rules! trials {
    ($engine:expr; $($module:ident::$case:ident,)+) => {
        [$({
            let engine: Engine = $engine;
            Trial::test(format!("{engine}::{}::{}", stringify!($module), stringify!($case)), move || {
                let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
                runtime.block_on(async move { $module::$case(&Kit::on(engine).await).await });
                Ok(())
            })
            .with_ignored_flag(!engine.is_there())
        }),+]
    };
}

fn main() {
    let mut trials = Vec::from(trials! { Engine::Mongo;
        outage::without_its_server_the_store_is_unavailable_and_then_comes_back,
    });
    trials.extend(trials! { Engine::Postgres;
        hot_lines::a_locked_line_holds_one_connection,
        hot_lines::whatever_locks_a_row_holds_one_connection,
        hot_lines::a_lock_is_waited_for_only_so_long,
    });
    for engine in [Engine::Sqlite, Engine::Postgres] {
        trials.extend(trials! { engine; hot_lines::a_hot_line_lets_another_in, });
    }
    trials.extend(trials! { Engine::Sqlite;
        deleting::what_was_deleted_is_gone_from_the_files,
    });
    for engine in Engine::ALL {
        trials.extend(trials! { engine;
            lines::a_message_lies_after_the_head,
            lines::the_head_that_is_expected_must_be_the_head,
            lines::a_line_is_read_from_either_end,
            lines::cursors_stay_right_under_concurrent_writes,
            lines::a_chain_longer_than_the_window_is_read_whole,
            lines::a_cursor_of_another_line_is_refused,
            lines::another_users_ids_are_not_there,
            forking::a_fork_hangs_on_the_owner_of_the_message,
            forking::the_message_must_lie_on_the_line_that_was_named,
            forking::an_id_is_taken_once,
            forking::a_fork_can_become_active,
            forking::a_message_with_many_forks_lists_the_oldest,
            branches::the_tree_comes_parents_first_and_in_pages,
            branches::very_many_branches_come_in_pages_as_well,
            branches::heads_are_told_however_they_were_raised,
            branches::a_branch_is_renamed_and_unnamed,
            branches::the_active_branch_is_one_of_the_chat,
            branches::a_trunk_is_planted_once,
            deleting::a_leaf_is_deleted_and_a_node_refused,
            deleting::a_cascade_takes_all_below_along,
            deleting::a_trunk_is_not_deleted,
            deleting::a_chat_is_hidden_whether_it_was_heard_of_or_not,
            deleting::the_sweep_leaves_tombstones_for_a_day,
            deleting::a_long_line_is_cleared_away,
            deleting::what_is_deleted_can_be_asked_for_again,
            keys::a_keyed_message_is_made_once,
            keys::a_keyed_branch_is_made_once,
            keys::a_key_outlives_what_it_made_for_a_day,
            lists::a_users_messages_come_newest_first,
            lists::hidden_messages_do_not_end_the_list,
            texts::unusual_texts_come_back_as_they_were,
            texts::the_largest_texts_fit_and_a_page_holds_eight_mib,
            races::appends_from_two_stores_leave_no_gap,
            races::one_of_many_equal_keys_creates,
            races::of_many_who_expect_one_head_one_appends,
            races::fork_against_delete,
            races::delete_against_append,
            races::appends_of_all_sorts_at_once,
            races::four_stores_open_at_once,
            times::times_rise_along_a_line_when_the_clock_is_set_back,
            times::times_rise_for_writers_of_one_moment,
            hot_lines::writers_who_leave_hold_up_nobody,
            model::a_tree_and_its_copies_agree,
        });
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

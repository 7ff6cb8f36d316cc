//! What every engine must do alike: each test runs on SQLite, and on PostgreSQL and MongoDB where `TEST_DATABASE_URL`
//! and `TEST_MONGO_URL` are set. Where they are not, the runner says that the tests of these engines are ignored.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod activity;
mod answer_races;
mod answers;
mod branches;
mod chat_fork_races;
mod chat_forks;
mod chat_states;
mod cherry_picks;
mod comparing;
mod deleting;
mod details;
mod edits;
mod forest;
mod forest_checks;
mod forest_model;
mod forking;
mod hot_lines;
mod kept_chains;
mod keys;
mod kit;
mod lines;
mod lists;
mod message_tree;
mod model;
mod outage;
mod plans;
mod races;
mod rows;
mod texts;
mod times;
mod undo;
mod undo_races;
mod unfinished_answers;
mod upgrade;
mod version_races;
mod versions;
mod walks;

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

/// What all engines do alike when they write: lines, forks, edits, deletions.
fn writing(engine: Engine) -> Vec<Trial> {
    Vec::from(trials! { engine;
        lines::a_message_lies_after_the_head,
        lines::an_unexpected_head_is_a_409,
        lines::a_line_is_read_from_either_end,
        lines::cursors_stay_right_under_concurrent_writes,
        lines::a_chain_longer_than_the_window_is_read_whole,
        lines::a_cursor_of_another_line_is_refused,
        lines::ids_of_other_users_are_not_found,
        forking::the_parent_of_a_fork_is_the_owner_of_the_message,
        forking::a_fork_needs_a_message_on_the_named_line,
        forking::an_id_is_taken_once,
        forking::a_fork_can_become_active,
        forking::a_message_with_many_forks_lists_the_oldest,
        edits::an_edit_is_a_version_on_a_branch_of_its_own,
        edits::the_first_message_of_a_chat_has_versions,
        edits::what_cannot_be_edited_is_refused,
        edits::a_key_creates_a_version_once,
        edits::a_moved_head_is_forked_if_the_append_says_so,
        edits::times_rise_from_the_origin_to_the_version,
        cherry_picks::copies_lie_on_a_new_branch_in_the_order_given,
        cherry_picks::a_cherry_pick_forks_where_it_is_told,
        cherry_picks::one_message_that_is_not_there_refuses_a_cherry_pick,
        cherry_picks::at_most_eight_mib_are_copied,
        cherry_picks::a_key_creates_copies_once,
        deleting::without_cascade_only_a_leaf_is_deleted,
        deleting::a_cascade_deletes_all_descendants,
        deleting::a_trunk_is_not_deleted,
        deleting::a_chat_is_hidden_also_if_its_trunk_was_never_created,
        deleting::the_sweep_leaves_tombstones_for_a_day,
        deleting::a_store_that_has_read_a_branch_hides_it_as_soon_as_another_deletes_it,
        deleting::the_sweep_deletes_a_long_line,
        deleting::a_deleted_branch_is_not_found_by_appends_and_deletions,
        keys::a_key_creates_a_message_once,
        keys::a_key_creates_a_branch_once,
        keys::a_key_answers_for_a_day_after_the_deletion,
        texts::unusual_texts_are_stored_unchanged,
        texts::the_largest_texts_fit_and_a_page_holds_eight_mib,
        races::appends_from_two_stores_leave_no_gap,
        races::one_of_many_concurrent_equal_keys_creates,
        races::one_of_many_appends_that_expect_the_same_head_succeeds,
        races::a_fork_concurrent_with_a_deletion_leaves_no_orphan,
        races::an_append_concurrent_with_a_deletion_leaves_no_message,
        races::concurrent_appends_of_all_kinds_leave_no_gap,
        races::a_refused_append_leaves_other_lines_alone,
        version_races::fifty_concurrent_edits_of_a_message_are_fifty_versions,
        version_races::one_of_many_concurrent_edits_with_one_key_creates,
        version_races::an_edit_concurrent_with_a_deletion_is_whole_or_refused,
        version_races::appends_that_fork_a_moved_head_all_find_a_place,
        version_races::one_of_many_concurrent_cherry_picks_with_one_key_creates,
        version_races::a_cherry_pick_concurrent_with_a_deletion_of_a_source_is_whole_or_refused,
        races::four_stores_can_open_concurrently,
        times::times_rise_along_a_line_when_the_clock_is_set_back,
        times::times_rise_for_concurrent_writers,
        hot_lines::writers_that_disconnect_block_nobody,
        model::a_tree_and_its_copies_agree,
        answers::an_answer_goes_after_its_parent_or_to_a_branch_there,
        answers::an_answer_is_stored_once,
        answers::one_of_many_equal_answers_is_stored,
        answers::answers_at_one_head_all_find_a_place,
        answers::nothing_is_stored_for_what_is_deleted,
        answers::messages_are_alive_with_their_branch_and_their_chat,
        answers::an_answer_beside_a_deletion_is_whole_or_refused,
        answer_races::no_answer_goes_to_a_parent_that_its_line_leaves_behind,
        answer_races::an_answer_that_meets_a_deletion_does_not_come_back_with_it,
        answers::answers_of_others_are_not_found,
        answers::a_place_is_found_on_the_line,
        answers::copies_have_the_details_and_edits_have_none,
        answers::items_count_as_texts_do,
        answers::items_are_deleted_with_the_texts,
        answers::an_id_that_was_given_out_is_used_by_one_append,
        activity::every_change_of_a_chat_is_reported,
        activity::a_report_that_fails_is_repeated_until_it_arrives,
        activity::a_reporter_that_crashes_is_replaced_and_nothing_is_lost,
        activity::of_several_reporters_one_reports,
        activity::messages_with_times_of_other_clocks_are_reported,
        activity::messages_of_a_chat_with_many_branches_are_counted_later,
    })
}

/// What all engines do alike with chats that are forked from others.
fn forking_chats(engine: Engine) -> Vec<Trial> {
    Vec::from(trials! { engine;
        chat_forks::a_forked_chat_begins_with_the_line_and_goes_its_own_way,
        chat_forks::a_chat_is_forked_once_and_only_where_its_owner_reads,
        chat_forks::the_point_of_a_fork_is_found,
        chat_forks::a_forked_chat_is_no_branch_of_its_source,
        chat_forks::branches_of_a_forked_chat_stand_on_what_it_inherits,
        chat_forks::versions_are_those_of_the_reading_chat,
        chat_forks::a_message_is_read_in_the_chats_that_have_it,
        chat_forks::trees_and_lists_of_a_forked_chat_begin_with_what_it_inherits,
        chat_forks::chains_of_forked_chats_are_read_whole,
        chat_forks::what_a_fork_stands_on_is_kept_as_long_as_it_lives,
        chat_forks::a_deleted_branch_is_kept_for_the_chats_that_stand_on_it,
        chat_forks::many_forks_keep_their_source_until_the_last,
        kept_chains::the_last_of_a_chain_of_deleted_chats_is_read_whole,
        kept_chains::concurrent_sweeps_of_replicas_leave_nothing,
        kept_chains::each_chat_lists_its_own_of_many_branches_at_a_message,
        chat_fork_races::a_fork_of_a_chat_concurrent_with_a_deletion_of_what_it_stands_on_is_whole_or_refused,
        forest::chats_that_are_forked_from_each_other_agree_with_their_copies,
    })
}

/// What all engines do alike when they delete for a while, and restore.
fn undoing(engine: Engine) -> Vec<Trial> {
    Vec::from(trials! { engine;
        undo::what_a_request_took_comes_back_and_no_more,
        undo::a_parent_is_restored_first,
        undo::the_branch_that_was_active_is_so_again_if_no_other_was_chosen,
        undo::after_the_window_nothing_comes_back,
        undo::without_a_window_nothing_comes_back,
        undo::what_is_destroyed_is_so_with_all_that_was_deleted_below_it,
        undo::what_went_along_is_destroyed_by_itself,
        undo::ids_and_keys_stay_taken_for_the_window,
        undo::what_can_be_restored_does_not_hold_up_the_sweep,
        undo::deletions_come_newest_first_in_pages,
        undo::an_append_that_meets_a_deletion_leaves_no_gap,
        undo_races::sixteen_restores_at_once_restore_once,
        undo_races::a_restore_beside_the_deletion_of_the_parent_loses_nothing,
        undo_races::a_restore_beside_a_purge_is_whole_or_refused,
        undo_races::a_restore_at_the_end_of_the_window_is_whole_or_refused,
        undo_races::forks_and_appends_beside_deletions_and_restores_leave_no_orphan_and_no_gap,
        chat_states::the_change_with_the_highest_number_counts,
        chat_states::a_restored_chat_is_as_it_was,
        chat_states::the_chat_service_says_when_a_deleted_chat_is_destroyed,
        chat_states::a_destroyed_chat_takes_along_what_could_be_restored,
        chat_states::a_chat_that_is_not_known_gets_its_state,
    })
}

/// What all engines do alike when they read: trees, lists, walks.
fn reading(engine: Engine) -> Vec<Trial> {
    Vec::from(trials! { engine;
        branches::the_tree_comes_parents_first_and_in_pages,
        branches::pages_of_wide_and_narrow_trees_are_complete,
        branches::lists_and_lookups_have_the_present_heads,
        branches::a_branch_is_renamed_and_unnamed,
        branches::the_active_branch_is_one_of_the_chat,
        branches::a_trunk_is_created_once,
        details::a_branch_shows_the_ends_of_its_own_messages,
        details::tags_and_the_archive_change_by_themselves,
        details::a_list_has_the_branches_that_match,
        details::metadata_is_replaced_and_every_fork_sees_it,
        details::metadata_of_what_is_not_there_is_not_replaced,
        message_tree::all_messages_come_branch_by_branch_in_pages,
        message_tree::a_preview_is_of_the_question_or_of_the_response,
        message_tree::branches_without_messages_make_pages_short,
        message_tree::what_is_deleted_or_anothers_is_not_in_the_tree,
        upgrade::data_of_the_version_before_is_filled_in,
        upgrade::chats_of_the_version_before_are_reported,
        upgrade::previews_are_deleted_with_the_texts,
        lists::a_users_messages_come_newest_first,
        lists::hidden_messages_do_not_end_the_list,
        lists::a_chats_messages_come_in_either_order,
        lists::a_chats_list_stays_right_while_it_grows,
        lists::a_chats_list_is_whole_over_bursts_and_pauses,
        lists::a_chat_that_is_not_the_users_has_no_list,
        walks::a_walk_from_a_depth_reaches_every_message_both_ways,
        walks::a_walk_over_many_branches_goes_both_ways,
        walks::a_walk_stays_right_while_the_line_grows,
        walks::a_walk_begins_at_the_head_or_beyond_it,
        walks::a_page_before_is_beside_the_page_also_where_texts_are_large,
        versions::messages_with_the_same_parent_are_versions_of_each_other,
        versions::first_messages_of_a_chat_are_versions_of_each_other,
        versions::inherited_messages_are_told,
        versions::a_list_is_whole_while_hints_are_written,
        versions::a_thousand_versions_are_counted,
        versions::versions_are_listed_with_the_branch_to_activate,
        versions::versions_come_in_pages,
        comparing::lines_part_at_their_last_common_message,
        comparing::chains_longer_than_the_window_are_compared,
        comparing::heads_are_the_present_ones,
        comparing::chats_share_nothing,
        comparing::branches_of_others_are_not_compared,
    })
}

fn main() {
    let mut trials = Vec::from(trials! { Engine::Mongo;
        outage::without_its_server_the_store_is_unavailable_and_then_comes_back,
        hot_lines::a_hot_line_takes_its_turns_with_others,
        unfinished_answers::a_repeated_store_finishes_an_answer,
        unfinished_answers::an_answer_is_stored_again_after_its_branch_was_given_up,
        unfinished_answers::an_answer_that_is_not_confirmed_goes_with_its_line,
        unfinished_answers::what_follows_an_answer_confirms_it,
        unfinished_answers::an_answer_on_a_branch_under_way_goes_with_its_line,
    });
    trials.extend(trials! { Engine::Postgres;
        hot_lines::a_locked_line_holds_one_connection,
        hot_lines::operations_on_locked_rows_hold_one_connection,
        hot_lines::a_wait_for_a_lock_is_bounded,
        answer_races::an_answer_waits_for_the_deletion_of_its_line,
        plans::plans_without_statistics_suit_large_tables,
        plans::plans_of_small_tables_suit_large_tables,
    });
    for engine in [Engine::Sqlite, Engine::Postgres] {
        trials.extend(trials! { engine;
            hot_lines::a_hot_line_does_not_starve_another,
            lists::a_message_of_an_older_version_is_in_the_list_of_its_chat,
            upgrade::tombstones_of_an_older_version_are_swept,
            activity::a_fork_of_an_older_version_is_reported,
        });
    }
    trials.extend(trials! { Engine::Sqlite;
        deleting::deleted_texts_are_gone_from_the_files,
    });
    for engine in Engine::ALL {
        trials.extend(writing(engine));
        trials.extend(undoing(engine));
        trials.extend(reading(engine));
        trials.extend(forking_chats(engine));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

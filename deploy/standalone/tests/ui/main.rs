//! The page, in a real browser: Chromium, driven through chromedriver as a person would drive it, over a whole stack.
//!
//! `TEST_CHROMEDRIVER` names the driver; without it the runner says that these tests are ignored. `TEST_AXE` names axe-core's
//! script, and `TEST_SCREENSHOTS` a folder for what the browser shows when a test fails.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends where something is amiss"
)]

mod accessibility;
mod account;
mod answers;
#[path = "../e2e/app.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod app;
mod branches;
mod browser;
mod chats;
mod connection;
mod driver;
mod keyboard;
mod large;
mod reading;
mod scene;
mod sign_in;
mod tab;
mod tabs;

use driver::Driver;
use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::runtime::{Builder, Runtime};

/// A test that has a stack and a browser of its own.
macro_rules! trials {
    ($driver:expr; $($module:ident::$case:ident,)+) => {
        vec![$({
            let driver: Option<Arc<Driver>> = $driver.clone();
            let is_ignored = driver.is_none();
            Trial::test(concat!(stringify!($module), "::", stringify!($case)), move || {
                let Some(driver) = driver else { return Ok(()) };
                let _access = Access::of(stringify!($module));
                on_named_thread(concat!(stringify!($module), "-", stringify!($case)), move |runtime| {
                    runtime.block_on(async { $module::$case(&driver).await });
                })
            })
            .with_ignored_flag(is_ignored)
        }),+]
    };
}

/// The test that looks at how long the tasks of its browser take has the machine for itself; all others run beside one another.
static MACHINE: RwLock<()> = RwLock::new(());

/// The lock on the machine that a test holds while it runs.
enum Access {
    Exclusive { _guard: RwLockWriteGuard<'static, ()> },
    Shared { _guard: RwLockReadGuard<'static, ()> },
}

impl Access {
    fn of(module: &str) -> Self {
        // A test that panics has changed nothing that others see.
        if module == "large" {
            Self::Exclusive { _guard: MACHINE.write().unwrap_or_else(PoisonError::into_inner) }
        } else {
            Self::Shared { _guard: MACHINE.read().unwrap_or_else(PoisonError::into_inner) }
        }
    }
}

/// Runs a test on a thread of its name, by which its screenshot is called.
fn on_named_thread(name: &str, test: impl FnOnce(&Runtime) + Send + 'static) -> Result<(), Failed> {
    let run = move || test(&Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
    thread.join().map_err(|_| Failed::without_message())
}

fn main() {
    let arguments = Arguments::from_args();
    let driver = Driver::start().map(Arc::new);
    let trials = trials![driver;
        sign_in::a_person_registers_signs_out_and_signs_in,
        sign_in::a_deep_link_survives_signing_in,
        sign_in::a_token_that_expires_is_renewed_unseen,
        chats::a_chat_is_named_pinned_tagged_archived_and_found,
        chats::a_menu_stays_open_when_the_first_chat_is_pinned_elsewhere,
        chats::a_chat_begins_with_its_first_question,
        chats::the_first_page_of_a_phone_has_no_link_to_itself,
        chats::a_chat_is_deleted_and_comes_back,
        chats::an_undo_is_offered_as_long_as_it_can_act,
        chats::the_first_chat_that_is_found_opens,
        chats::the_open_chat_has_a_menu,
        chats::the_list_tells_at_once_when_something_was_said,
        chats::a_chat_has_no_instructions,
        answers::an_answer_streams_and_survives_a_reload,
        answers::an_answer_is_stopped_and_regenerated_as_another_version,
        answers::a_question_is_edited_as_another_version,
        answers::an_editor_is_whole_where_its_question_was_at_the_lower_edge,
        answers::markdown_is_shown_and_is_never_html,
        branches::a_branch_is_named_found_in_the_tree_and_compared,
        branches::a_branch_is_renamed_archived_deleted_and_restored,
        branches::a_version_keeps_the_name_of_its_branch,
        branches::messages_are_copied_and_a_chat_is_forked,
        branches::the_focus_stays_beside_what_goes,
        branches::a_panel_that_replaces_another_takes_the_focus,
        branches::a_link_to_a_panel_leads_to_its_heading,
        branches::the_comparison_leads_back_to_the_tree,
        branches::the_comparison_shows_markdown,
        branches::versions_are_told_apart_in_the_tree,
        account::a_password_is_changed_and_the_account_deleted,
        account::signing_out_wins_over_what_is_under_way,
        tabs::two_tabs_and_a_second_device_agree,
        connection::a_question_waits_for_the_server_and_is_sent_once,
        connection::the_page_works_on_plain_http_in_a_network,
        connection::a_draft_survives_a_reload,
        keyboard::everything_is_done_by_keys_alone,
        keyboard::what_is_typed_is_no_shortcut_unless_a_message_has_the_focus,
        keyboard::a_field_that_had_the_focus_before_a_dialog_takes_text_after_it,
        reading::reloading_and_going_back_keep_the_place,
        accessibility::no_view_has_violations,
        accessibility::no_view_is_wider_than_a_phone,
        large::ten_thousand_branches_and_a_hundred_thousand_messages_open_at_once,
    ];
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The driver ends with its last owner, which `exit` would not wait for.
    drop(driver);
    conclusion.exit();
}

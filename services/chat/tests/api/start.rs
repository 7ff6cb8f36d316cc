//! In which order the service starts.

use shared_test_kit::check_taken_port_comes_first;

#[test]
fn a_taken_port_is_reported_before_the_database_is_opened() {
    check_taken_port_comes_first(env!("CARGO_BIN_EXE_chat"), &["AUTH_URL", "BRANCH_URL"]);
}

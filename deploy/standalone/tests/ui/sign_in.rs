//! Registering, signing in and out.

use crate::app::spawn_stack;
use crate::browser::{DESKTOP, browse};
use crate::driver::Driver;

pub async fn a_person_registers_signs_out_and_signs_in(driver: &Driver) {
    let stack = spawn_stack().await;
    browse(driver, &stack.url, DESKTOP, async |tab| {
        tab.shows("Sign in").await;
    })
    .await;
}

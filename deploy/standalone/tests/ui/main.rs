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

#[path = "../e2e/app.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod app;
mod browser;
mod driver;
mod sign_in;
mod tab;

use driver::Driver;
use libtest_mimic::{Arguments, Trial};
use std::sync::Arc;
use tokio::runtime::Builder;

/// A test that has a stack and a browser of its own.
macro_rules! trials {
    ($driver:expr; $($module:ident::$case:ident,)+) => {
        vec![$({
            let driver: Option<Arc<Driver>> = $driver.clone();
            let is_ignored = driver.is_none();
            Trial::test(concat!(stringify!($module), "::", stringify!($case)), move || {
                let Some(driver) = driver else { return Ok(()) };
                let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
                runtime.block_on(async move { $module::$case(&driver).await });
                Ok(())
            })
            .with_ignored_flag(is_ignored)
        }),+]
    };
}

fn main() {
    let arguments = Arguments::from_args();
    let driver = Driver::start().map(Arc::new);
    let trials = trials![driver;
        sign_in::a_person_registers_signs_out_and_signs_in,
    ];
    let conclusion = libtest_mimic::run(&arguments, trials);
    // The driver ends with its last owner, which `exit` would not wait for.
    drop(driver);
    conclusion.exit();
}

//! The account.

use crate::app::PASSWORD;
use crate::browser::DESKTOP;
use crate::driver::Driver;
use crate::scene::{NAME, signed_in};
use serde_json::json;

const NEW_PASSWORD: &str = "battery staple";

pub async fn a_password_is_changed_and_the_account_deleted(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        tab.go("/ui/#/account").await;
        tab.fill("Current password...", "wrong horse").await;
        tab.fill("New password...", NEW_PASSWORD).await;
        tab.click("button", "Change the password").await;
        tab.shows("This is not your password.").await;
        tab.fill("Current password...", PASSWORD).await;
        tab.fill("New password...", NEW_PASSWORD).await;
        tab.click("button", "Change the password").await;
        tab.shows("The password was changed").await;
        let credentials = json!({"username": NAME, "password": NEW_PASSWORD});
        user.post("/auth/login", &credentials).await.expect(200);

        tab.click("button", "Delete the account...").await;
        tab.fill("Your password...", NEW_PASSWORD).await;
        tab.click("button", "Delete the account").await;
        tab.element("heading", "Sign in").await;
        user.post("/auth/login", &credentials).await.expect(401);
    })
    .await;
}

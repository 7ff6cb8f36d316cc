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

pub async fn signing_out_wins_over_what_is_under_way(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        tab.go("/ui/#/account").await;
        tab.fill("Current password...", PASSWORD).await;
        tab.fill("New password...", NEW_PASSWORD).await;
        let both = "find('button', 'Change the password').click(); find('button', 'Sign out').click();";
        tab.run(both, Vec::new()).await;
        tab.element("heading", "Sign in").await;
        // All that was under way in the session has had its turn by then.
        let turn = "navigator.locks.request('banyan-session', () => {}).then(arguments[0]);";
        tab.client.execute_async(turn, Vec::new()).await.unwrap();
        tab.element("heading", "Sign in").await;
        tab.client.refresh().await.unwrap();
        tab.element("heading", "Sign in").await;
        // The password itself is changed, as it was asked for first.
        let credentials = json!({"username": NAME, "password": NEW_PASSWORD});
        user.post("/auth/login", &credentials).await.expect(200);
    })
    .await;
}

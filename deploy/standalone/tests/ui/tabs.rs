//! Tabs and devices that show the same.

use crate::browser::DESKTOP;
use crate::driver::Driver;
use crate::scene::signed_in;
use serde_json::json;

pub async fn two_tabs_and_a_second_device_agree(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let chat = user.chat("Trees").await;
        let first = user.say(&chat, "first").await;
        tab.open_chat(&chat).await;
        tab.has_messages(1).await;
        // A second device.
        user.say(&chat, "from elsewhere").await;
        tab.shows("from elsewhere!").await;
        let branch = user.fork(&chat, &first["response_id"]).await;
        user.say(&branch, "on a branch").await;
        user.put("/branches/set-active-branch", &json!({"chat_id": chat, "branch_id": branch}))
            .await
            .expect(200);
        tab.shows("on a branch!").await;

        // A second tab: what is said in one is seen in the other, and both are signed out together.
        let one = tab.client.window().await.unwrap();
        let other = tab.client.new_window(true).await.unwrap().handle;
        tab.client.switch_to_window(other.clone()).await.unwrap();
        tab.open_chat(&chat).await;
        tab.ask_and_wait("asked in the other").await;
        tab.client.switch_to_window(one.clone()).await.unwrap();
        tab.shows("asked in the other").await;
        tab.sign_out().await;
        tab.client.switch_to_window(other).await.unwrap();
        tab.element("heading", "Sign in").await;
        tab.client.close_window().await.unwrap();
        tab.client.switch_to_window(one).await.unwrap();
    })
    .await;
}

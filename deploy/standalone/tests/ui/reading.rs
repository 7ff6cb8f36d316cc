//! The reading place in a long branch.

use crate::browser::DESKTOP;
use crate::driver::Driver;
use crate::scene::signed_in;
use crate::tab::Tab;
use serde_json::{Value, json};

const MESSAGE_COUNT: usize = 120;
/// How far up from the end one reads, in pixels.
const SCROLLED_PX: u32 = 2_000;

/// The message at the upper edge, and how far below that it is, in pixels; null while there is none.
const PLACE: &str = "(() => { const edge = document.querySelector('.line')?.getBoundingClientRect().top; \
    const first = [...document.querySelectorAll(MESSAGE)].find((one) => one.getBoundingClientRect().bottom > edge); \
    return first ? `${first.id} ${Math.round(first.getBoundingClientRect().top - edge)}` : null; })()";

impl Tab {
    /// Waits until this is the place.
    async fn reads_at(&self, place: &Value) {
        self.until(&format!("{PLACE} === args[0]"), vec![place.clone()]).await;
    }
}

pub async fn reloading_and_going_back_keep_the_place(driver: &Driver) {
    signed_in(driver, DESKTOP, async |tab, user| {
        let [chat, other] = [user.chat("Trees").await, user.chat("Figs").await];
        for number in 0..MESSAGE_COUNT {
            user.say(&chat, &format!("question {number}")).await;
        }
        user.say(&other, "elsewhere").await;
        tab.open_chat(&chat).await;
        tab.shows("question 119!").await;
        // Messages above the end are rendered in pieces.
        tab.until("document.querySelector('.line').scrollTop > args[0]", vec![json!(SCROLLED_PX)]).await;
        tab.run("document.querySelector('.line').scrollBy(0, -arguments[0]);", vec![json!(SCROLLED_PX)])
            .await;
        tab.until("history.state?.place", Vec::new()).await;
        let place = tab.run(&format!("return {PLACE};"), Vec::new()).await;
        tab.client.refresh().await.unwrap();
        tab.reads_at(&place).await;
        tab.go(&format!("/ui/#/chat/{other}")).await;
        tab.shows("elsewhere!").await;
        tab.client.back().await.unwrap();
        tab.reads_at(&place).await;
        // Opened anew, it is read from its end.
        tab.go(&format!("/ui/#/chat/{other}")).await;
        tab.shows("elsewhere!").await;
        tab.click("link", "Trees...").await;
        tab.until(
            "isShown('question 119!') && isInView([...document.querySelectorAll(MESSAGE)].at(-1))",
            Vec::new(),
        )
        .await;
    })
    .await;
}

//! Accessibility, and the width of a phone.

use crate::browser::{DESKTOP, PHONE, WindowSize, browse};
use crate::driver::{Driver, path};
use crate::scene::{NAME, sign_in, stack};
use crate::tab::Tab;
use serde_json::{Value, json};

/// Every view, with what says that it is there.
async fn every_view(driver: &Driver, size: WindowSize, look: impl AsyncFn(&Tab, &str)) {
    let stack = stack().await;
    let user = stack.user(NAME).await;
    let chat = user.chat("Trees").await;
    let first = user.say(&chat, "first").await;
    user.say(&chat, &format!("a long one: {}", "word ".repeat(80))).await;
    let branch = user.fork(&chat, &first["response_id"]).await;
    user.say(&branch, "elsewhere").await;
    let gone = user.chat("Oaks").await;
    user.delete(&format!("/chats/delete-chat/{gone}")).await.expect(200);
    browse(driver, &stack.url, size, async |tab| {
        tab.element("heading", "Sign in").await;
        look(&tab, "sign in").await;
        sign_in(&tab).await;
        look(&tab, "chats").await;
        for (path, shown) in [
            (format!("chat/{chat}"), "first!"),
            (format!("chat/{chat}/tree"), "2 branches"),
            (format!("chat/{chat}/compare/{chat}/{branch}"), "Both begin with"),
            (format!("chat/{chat}/settings"), "Instructions"),
            (format!("chat/{chat}/deleted"), "Nothing is deleted"),
            ("new".to_owned(), "Ask something, then"),
            ("deleted".to_owned(), "Oaks"),
            ("account".to_owned(), "For programmers"),
        ] {
            tab.go(&format!("/ui/#/{path}")).await;
            tab.shows(shown).await;
            look(&tab, &path).await;
        }
    })
    .await;
}

pub async fn no_view_has_violations(driver: &Driver) {
    let Some(axe) = path("TEST_AXE") else { panic!("TEST_AXE names no script") };
    let axe = std::fs::read_to_string(axe).unwrap();
    every_view(driver, DESKTOP, async |tab, view| {
        let script = format!(
            "const done = arguments[0]; {axe}; axe.run().then(({{violations}}) => done(violations.map(({{id, nodes}}) => [id, nodes.map((node) => node.html)])));"
        );
        let violations = tab.client.execute_async(&script, Vec::new()).await.unwrap();
        assert_eq!(violations, json!([]), "{view}");
    })
    .await;
}

pub async fn no_view_is_wider_than_a_phone(driver: &Driver) {
    every_view(driver, PHONE, async |tab, view| {
        let wide = tab.run(
            "return [...document.querySelectorAll('body *')].filter((one) => isVisible(one) && one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll-x, pre, table, .visually-hidden')).map((one) => one.outerHTML.slice(0, 200));",
            Vec::new(),
        );
        assert_eq!(wide.await, Value::Array(Vec::new()), "{view}");
    })
    .await;
}

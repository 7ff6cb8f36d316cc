//! A tab of a browser, as a person sees it: elements by what they are and what they are called.

use fantoccini::Client;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use reqwest::Url;
use serde_json::{Value, json};

/// The most attempts to click on what is drawn anew at once.
const MAX_CLICKS: usize = 200;

/// The functions of the scripts that look for elements.
const FIND: &str = include_str!("find.js");

/// A tab.
pub struct Tab {
    pub client: Client,
    origin: Url,
}

impl Tab {
    /// Opens the page in the tab that a browser begins with.
    pub async fn open(client: Client, origin: Url) -> Self {
        let tab = Self { client, origin };
        tab.go("/").await;
        tab
    }

    /// Goes to a path with its hash.
    pub async fn go(&self, path: &str) {
        self.client.goto(self.origin.join(path).unwrap().as_str()).await.unwrap();
    }

    /// Runs the body of a function, and returns what that returns.
    pub async fn run(&self, body: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(&format!("{FIND}\n{body}"), arguments).await.unwrap()
    }

    /// Waits until an expression is true, and returns its value. It is looked at whenever the page changes.
    pub async fn until(&self, expression: &str, arguments: Vec<Value>) -> Value {
        let script = format!("{FIND}\nuntil(() => {expression}, arguments);");
        match self.client.execute_async(&script, arguments.clone()).await {
            Ok(value) => value,
            Err(error) => panic!("{expression} with {arguments:?}: {error}"),
        }
    }

    /// The visible element with this role and name: the whole name, or the part of it before "...".
    pub async fn element(&self, role: &str, name: &str) -> Element {
        let found = self.until("find(args[0], args[1])", vec![json!(role), json!(name)]).await;
        Element::from_element_id(self.client.clone(), element_id(&found))
    }

    /// Waits until there is no such element.
    pub async fn gone(&self, role: &str, name: &str) {
        self.until("!find(args[0], args[1])", vec![json!(role), json!(name)]).await;
    }

    /// Waits until the page shows this text.
    pub async fn shows(&self, text: &str) {
        self.until("isShown(args[0])", vec![json!(text)]).await;
    }

    /// Waits until the page does not show this text.
    pub async fn hides(&self, text: &str) {
        self.until("!isShown(args[0])", vec![json!(text)]).await;
    }

    /// Clicks on an element, once it is there and nothing lies over it.
    pub async fn click(&self, role: &str, name: &str) {
        for attempt in 1.. {
            match self.element(role, name).await.click().await {
                Ok(()) => return,
                // It was drawn anew in between, or a notice will go away.
                Err(_) if attempt < MAX_CLICKS => {}
                Err(error) => panic!("{role} {name}: {error}"),
            }
        }
    }

    /// Writes into a field in place of what is there.
    pub async fn fill(&self, name: &str, text: &str) {
        self.click("textbox", name).await;
        self.run("document.activeElement.select();", Vec::new()).await;
        self.press_key(Key::Delete).await;
        self.press(text).await;
    }

    /// Presses keys where the focus is.
    pub async fn press(&self, keys: &str) {
        let key = |value: char| [KeyAction::Down { value }, KeyAction::Up { value }];
        let actions = keys.chars().flat_map(key);
        let actions = actions.fold(KeyActions::new("keyboard".to_owned()), KeyActions::then);
        self.client.perform_actions(actions).await.unwrap();
    }

    pub async fn press_key(&self, key: Key) {
        self.press(&char::from(key).to_string()).await;
    }
}

fn element_id(found: &Value) -> fantoccini::elements::ElementRef {
    let id = found.as_object().and_then(|object| object.values().next()).and_then(Value::as_str);
    id.unwrap().to_owned().into()
}

//! A browser for one test, and what it has logged.

use crate::driver::{Driver, path};
use crate::tab::Tab;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Url;
use serde_json::{Value, json};
use std::panic::AssertUnwindSafe;

/// A Chromium with an empty profile.
pub struct Browser {
    client: Client,
    origin: Url,
}

/// The size of a window in pixels.
pub type WindowSize = (u32, u32);

/// A window of a desk.
pub const DESKTOP: WindowSize = (1440, 900);
/// The narrowest phone.
pub const PHONE: WindowSize = (360, 740);

/// The command that reads one of the logs of a browser, which chromedriver keeps.
#[derive(Debug)]
struct LogsOf(&'static str);

impl WebDriverCompatibleCommand for LogsOf {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({"type": self.0}).to_string()))
    }
}

/// Opens the page of a stack in a browser of its own, runs the test, and looks at what every test must not do: an error in the console,
/// or a request to another origin.
pub async fn browse(driver: &Driver, origin: &Url, size: WindowSize, test: impl AsyncFnOnce(Tab)) {
    let browser = Browser::open(driver, origin, size).await;
    let tab = Tab::open(browser.client.clone(), origin.clone()).await;
    let outcome = futures_util::FutureExt::catch_unwind(AssertUnwindSafe(test(tab))).await;
    if outcome.is_err() {
        browser.keep_screenshot().await;
    }
    let problems = browser.problems().await;
    browser.client.close().await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    assert_eq!(problems, Vec::<String>::new());
}

impl Browser {
    async fn open(driver: &Driver, origin: &Url, (width, height): WindowSize) -> Self {
        let arguments = [
            "--headless=new".to_owned(),
            // Root has no sandbox, and containers have a small /dev/shm.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            // A name of a network, as those of the machine itself are trusted more.
            "--host-resolver-rules=MAP banyan.test 127.0.0.1".to_owned(),
            format!("--window-size={width},{height}"),
        ];
        let mut options = json!({"args": arguments});
        if width < DESKTOP.0 {
            // No window is so narrow.
            let metrics = json!({"width": width, "height": height, "pixelRatio": 1, "touch": false});
            options["mobileEmulation"] = json!({"deviceMetrics": metrics});
        }
        let Value::Object(capabilities) = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "timeouts": {"script": 30_000},
        }) else {
            unreachable!()
        };
        let client =
            ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&driver.url).await;
        Self { client: client.unwrap(), origin: origin.clone() }
    }

    /// Errors of the console, and requests to other origins.
    async fn problems(&self) -> Vec<String> {
        let console = self.client.issue_cmd(LogsOf("browser")).await.unwrap();
        let is_bad = |entry: &&Value| ["SEVERE", "WARNING"].contains(&entry["level"].as_str().unwrap());
        let errors = console.as_array().unwrap().iter().filter(is_bad);
        // A status that the API is to answer, such as that of a wrong password, is logged by the browser itself, and so is a lost connection.
        let is_of_files = |entry: &Value| entry["message"].as_str().unwrap().contains("/ui/");
        let errors = errors.filter(|entry| entry["source"] != "network" || is_of_files(entry));
        let errors = errors.filter(|entry| !entry["message"].as_str().unwrap().contains("/ui/session/"));
        // On plain HTTP in a network a browser says so of a header that it takes on HTTPS alone.
        let is_of_https = |entry: &Value| {
            entry["message"].as_str().unwrap().contains("Cross-Origin-Opener-Policy header has been ignored")
        };
        let errors = errors.filter(|entry| !is_of_https(entry));
        let errors = errors.map(|entry| entry["message"].to_string());
        let network = self.client.issue_cmd(LogsOf("performance")).await.unwrap();
        let events = network
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| -> Value { serde_json::from_str(entry["message"].as_str().unwrap()).unwrap() });
        let requests = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        let urls =
            requests.map(|event| event["message"]["params"]["request"]["url"].as_str().unwrap().to_owned());
        let is_elsewhere = |url: &String| {
            let url = Url::parse(url).unwrap();
            !["data", "blob", "about"].contains(&url.scheme()) && url.origin() != self.origin.origin()
        };
        errors.chain(urls.filter(is_elsewhere).map(|url| format!("a request to {url}"))).collect()
    }

    async fn keep_screenshot(&self) {
        let Some(folder) = path("TEST_SCREENSHOTS") else { return };
        let name = std::thread::current().name().unwrap_or("test").replace("::", "-");
        if let Ok(png) = self.client.screenshot().await {
            std::fs::write(folder.join(format!("{name}.png")), png).ok();
        }
    }
}

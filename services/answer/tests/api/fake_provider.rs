//! A provider of models that tells by which keys it was asked.

use answer::models::Models;
use serde_json::json;
use shared::env::Env;
use std::io::Write as _;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// The deployment's key.
pub const DEPLOYMENT_KEY: &str = "sk-of-the-deployment";
/// The beginning of keys that it refuses.
pub const REFUSED: &str = "sk-refused";

pub struct FakeProvider(MockServer);

struct Answers;

impl Respond for Answers {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let key = authorization(request);
        if key.contains(REFUSED) {
            let refusal = json!({"error": {"message": format!("Incorrect API key provided: {key}.")}});
            return ResponseTemplate::new(401).set_body_json(refusal);
        }
        let said = json!({"choices": [{"index": 0, "delta": {"content": "fine"}, "finish_reason": "stop"}]});
        let stream = format!("data: {said}\n\ndata: [DONE]\n\n");
        ResponseTemplate::new(200).set_body_raw(stream, "text/event-stream")
    }
}

fn authorization(request: &Request) -> String {
    request.headers["authorization"].to_str().unwrap().to_owned()
}

impl FakeProvider {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(Answers).mount(&server).await;
        Self(server)
    }

    /// Two models of the provider `fig`, and one of no provider for which users may have keys.
    pub fn models(&self) -> Models {
        let base_url = format!("base_url = \"{}/v1\"", self.0.uri());
        let model = |name: &str, provider: &str| {
            format!(
                "[[models]]\nname = \"{name}\"\n{provider}\n{base_url}\napi_key_env = \"KEY\"\ncontext_window = 1000\n"
            )
        };
        let fig = "provider = \"fig\"";
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "{}{}{}", model("fig-1", fig), model("fig-2", fig), model("plum-1", "")).unwrap();
        let path = file.path().to_str().unwrap();
        Models::from_env(&Env::of([("MODELS_FILE", path), ("KEY", DEPLOYMENT_KEY)])).unwrap()
    }

    /// The keys by which it was asked, in order.
    pub async fn keys(&self) -> Vec<String> {
        let requests = self.0.received_requests().await.unwrap();
        let keys = requests.iter().map(authorization);
        keys.map(|key| key.strip_prefix("Bearer ").unwrap().to_owned()).collect()
    }
}

//! The file of models. A mistake stops the start, with its line.

use crate::support::models;
use answer::models::Models;
use shared::env::Env;

const ENTRY: &str = "[[models]]\nname = \"m\"\nbase_url = \"http://h/v1\"\ncontext_window = 1000\n";

fn error(text: &str) -> String {
    models(text).unwrap_err().to_string()
}

#[test]
fn without_a_file_there_is_the_built_in_model_alone() {
    let models = Models::from_env(&Env::default()).unwrap();
    assert_eq!(models.all().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["banyan/echo"]);
    assert_eq!(models.find(None).unwrap().name, "banyan/echo");
    assert!(models.find(Some("other")).is_none());
}

#[test]
fn with_a_file_the_built_in_model_is_there_only_if_it_is_named() {
    assert!(models(ENTRY).unwrap().find(Some("banyan/echo")).is_none());
    let named =
        models(&format!("{ENTRY}[[models]]\nname = \"banyan/echo\"\ncontext_window = 500\n")).unwrap();
    assert_eq!(named.find(Some("banyan/echo")).unwrap().context_window, 500);
}

#[test]
fn the_default_is_the_one_that_says_so_or_the_first() {
    let other = "[[models]]\nname = \"n\"\nbase_url = \"http://h/v1\"\ncontext_window = 1000\n";
    assert_eq!(models(&format!("{ENTRY}{other}")).unwrap().find(None).unwrap().name, "m");
    let models = models(&format!("{ENTRY}{other}default = true\n")).unwrap();
    assert_eq!(models.find(None).unwrap().name, "n");
}

#[test]
fn all_that_an_entry_says_is_known_of_the_model() {
    let fields = "provider = \"p\"\nmax_output_tokens = 10\ncapabilities = [\"vision\", \"reasoning\"]\nlimits.max_runs = 3\n";
    let models = models(&format!("{ENTRY}{fields}")).unwrap();
    let model = models.find(Some("m")).unwrap();
    assert_eq!((model.context_window, model.max_output_tokens, model.max_runs), (1000, Some(10), Some(3)));
    assert_eq!((model.vision, model.tools, model.reasoning), (true, false, true));
    assert_eq!((model.provider.as_deref(), models.providers()), (Some("p"), vec!["p"]));
}

#[test]
fn a_model_without_limits_of_its_own_has_those_of_the_deployment() {
    let limits = [("ANSWERS_AT_ONCE_PER_MODEL", "5"), ("ANSWERS_CONTEXT_BYTES", "4MiB")];
    let of = |models: &Models| models.find(None).map(|model| (model.max_runs, model.max_line_bytes)).unwrap();
    assert_eq!(of(&Models::from_env(&Env::default()).unwrap()), (None, 16 << 20));
    assert_eq!(of(&Models::from_env(&Env::of(limits)).unwrap()), (Some(5), 4 << 20));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{ENTRY}limits.max_runs = 3\n")).unwrap();
    let [runs, bytes] = limits;
    let env = Env::of([("MODELS_FILE", file.path().to_str().unwrap()), runs, bytes]);
    assert_eq!(of(&Models::from_env(&env).unwrap()), (Some(3), 4 << 20));
    let wrong = Env::of([("ANSWERS_AT_ONCE_PER_MODEL", "many"), ("ANSWERS_CONTEXT_BYTES", "1MiB")]);
    let lines = Models::from_env(&wrong).unwrap_err().to_string();
    let names: Vec<_> = lines.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(names, ["ANSWERS_AT_ONCE_PER_MODEL", "ANSWERS_CONTEXT_BYTES"], "{lines}");
}

#[test]
fn a_mistake_is_told_with_its_line() {
    let cases = [
        ("colour = 1\n", "line 5: unknown field `colour`"),
        ("max_output_tokens = \"many\"\n", "line 5: invalid type"),
        ("max_output_tokens = 0\n", "line 5: expected 1 or more"),
        ("limits = { max_runs = 0 }\n", "line 5: expected 1 or more"),
        ("capabilities = [\"flight\"]\n", "line 5: unknown variant `flight`"),
        ("api_key_env = \"NONE\"\n", "line 5: the variable of the key is not set"),
        ("api_key_file = \"/none\"\n", "line 5: cannot read the file of the key"),
        ("api_key_file = \"/none\"\napi_key_env = \"KEY\"\n", "line 6: expected api_key_file or api_key_env"),
        ("name = \"twice\"\n", "line 5: duplicate key"),
        (
            "[[models]]\nname = \"m\"\nbase_url = \"http://h/v1\"\ncontext_window = 1000\n",
            "line 6: a model of this name",
        ),
        ("[[models]]\nname = \"n\"\ncontext_window = 1000\n", "line 5: the model has no base_url"),
        ("[[models]]\nname = \"n\"\nbase_url = \"http://h/v1\"\n", "line 5: the model has no context_window"),
        ("[[models]]\nbase_url = \"http://h/v1\"\n", "line 5: missing field `name`"),
        (
            "[[models]]\nname = \"\"\nbase_url = \"http://h/v1\"\ncontext_window = 1000\n",
            "line 6: expected a name",
        ),
        (
            "[[models]]\nname = \"banyan/echo\"\nbase_url = \"http://h/v1\"\n",
            "line 7: banyan/echo is built in",
        ),
        ("provider = \"a/b\"\n", "line 5: expected a provider's name"),
        ("api_key = \"sk-secret\"\n", "line 5: unknown field `api_key`"),
        ("=\n", "line 5: "),
    ];
    for (text, expected) in cases {
        let error = error(&format!("{ENTRY}{text}"));
        assert!(
            error.starts_with(&format!("MODELS_FILE: {expected}")) && !error.contains("secret"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_base_url_is_a_plain_one() {
    let urls =
        ["h/v1", "ftp://h/v1", "http://user:sk-secret@h/v1", "http://h/v1?key=sk-secret", "http://h/v1#a"];
    for url in urls {
        let error = error(&ENTRY.replace("http://h/v1", url));
        assert!(error.starts_with("MODELS_FILE: line 3: expected a base URL"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let two = error(&format!(
        "{ENTRY}api_key_env = \"NONE\"\nmax_output_tokens = 0\ndefault = true\n{ENTRY}default = true\n"
    ));
    let lines: Vec<&str> = two.lines().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(lines, ["line 5", "line 6", "line 9", "line 12"], "{two}");
}

#[test]
fn a_file_that_is_missing_or_empty_stops_the_start() {
    assert!(
        Models::from_env(&Env::of([("MODELS_FILE", "/none")]))
            .unwrap_err()
            .to_string()
            .contains("cannot read")
    );
    assert!(error("").starts_with("MODELS_FILE: line 1: missing field `models`"), "{}", error(""));
    assert_eq!(error("models = []"), "MODELS_FILE: names no model");
}

#[test]
fn the_example_is_one() {
    let example = include_str!("../../../../deploy/models.example.toml");
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "sk-of-vllm\n").unwrap();
    let text = example.replace("/run/secrets/model_keys/vllm", key.path().to_str().unwrap());
    let models = models(&text).unwrap();
    let names: Vec<&str> = models.all().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["gpt-5-mini", "qwen3-8b", "llama3.2", "local", "banyan/echo"]);
    assert_eq!(models.find(None).unwrap().name, "gpt-5-mini");
}

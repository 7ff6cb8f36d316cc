//! All files of the page at one time, with their fingerprint.

use super::asset::Asset;
use super::imports::with_imports;
use actix_web::web::Bytes;
use ring::digest::{Context, SHA256};
use rust_embed::RustEmbed;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The file that is served as the page.
const PAGE: &str = "index.html";
/// The bytes of the digest that are in URLs.
const FINGERPRINT_BYTES: usize = 8;

/// The files of `gateway/ui/`: a debug build reads the folder, a release build has them in the binary. What is for people and type checkers alone is
/// left out.
#[derive(RustEmbed)]
#[folder = "ui/"]
#[exclude = "*.d.ts"]
#[exclude = "*README.md"]
#[exclude = "tsconfig.json"]
struct EmbeddedFiles;

/// The files of the page. Their URLs have the fingerprint of them all, so that a browser keeps each for as long as it likes, and never has
/// modules of two versions.
pub(crate) struct Assets {
    fingerprint: String,
    /// `None` where a debug build finds no folder.
    pub(super) page: Option<Arc<Asset>>,
    files: HashMap<String, Arc<Asset>>,
}

impl Assets {
    /// Reads all files.
    pub(super) fn load() -> Self {
        Self::of(EmbeddedFiles::iter().filter_map(|name| {
            let bytes = match EmbeddedFiles::get(&name)?.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            };
            Some((name.into_owned(), bytes))
        }))
    }

    fn of(files: impl Iterator<Item = (String, Bytes)>) -> Self {
        let mut files: BTreeMap<_, _> = files.collect();
        let fingerprint = fingerprint(&files);
        let page = files.remove(PAGE).map(|page| {
            let page = with_imports(&String::from_utf8_lossy(&page), &files);
            Arc::new(Asset::new(PAGE, with_fingerprint(&page, &fingerprint)))
        });
        let asset = |(name, bytes): (String, Bytes)| {
            let asset = Arc::new(Asset::new(&name, bytes));
            (name, asset)
        };
        Self { fingerprint, page, files: files.into_iter().map(asset).collect() }
    }

    /// A file by the fingerprint and the name in its URL.
    pub(super) fn file(&self, fingerprint: &str, name: &str) -> Option<&Arc<Asset>> {
        self.files.get(name).filter(|_| fingerprint == self.fingerprint)
    }

    /// Whether these are the same files.
    pub(super) fn are_same(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

/// SHA-256 of all names and contents, shortened: it tells versions apart, and proves nothing.
fn fingerprint(files: &BTreeMap<String, Bytes>) -> String {
    let mut context = Context::new(&SHA256);
    for (name, bytes) in files {
        context.update(format!("{name}\0{}\0", bytes.len()).as_bytes());
        context.update(bytes);
    }
    let digest = context.finish();
    let bytes = digest.as_ref().iter().take(FINGERPRINT_BYTES);
    bytes.fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The page, which refers to the files by relative URLs with the fingerprint.
fn with_fingerprint(page: &str, fingerprint: &str) -> Bytes {
    let [href, src] = ["href", "src"].map(|attribute| format!("{attribute}=\"./"));
    let page =
        page.replace(&href, &format!("{href}{fingerprint}/")).replace(&src, &format!("{src}{fingerprint}/"));
    Bytes::from(page)
}

#[cfg(test)]
mod tests {
    use super::super::asset::ContentCoding;
    use super::*;
    use std::collections::BTreeSet;

    /// The most that the sign-in and the list of chats need until they are there, gzipped, file by file. Markdown comes with the first message.
    const FIRST_VIEW_BYTES: usize = 70_000;
    /// The same of a chat that a link leads to: its line, and the field for a question. What asks and follows answers comes after that.
    const CHAT_BYTES: usize = 70_000;
    const MARKDOWN_BYTES: usize = 20_000;

    fn assets(files: &[(&str, &'static str)]) -> Assets {
        Assets::of(files.iter().map(|(name, text)| ((*name).to_owned(), Bytes::from_static(text.as_bytes()))))
    }

    #[test]
    fn every_name_and_content_changes_the_fingerprint() {
        let first = assets(&[("a.js", "1"), ("b.js", "2")]);
        assert_eq!(first.fingerprint.len(), 16);
        assert!(first.are_same(&assets(&[("b.js", "2"), ("a.js", "1")])));
        for other in [
            &[("a.js", "1"), ("b.js", "3")][..],
            &[("a.js", "1"), ("c.js", "2")],
            &[("a.js", "12"), ("b.js", "")],
            &[],
        ] {
            assert!(!first.are_same(&assets(other)), "{other:?}");
        }
    }

    #[test]
    fn the_page_refers_to_files_with_the_fingerprint() {
        let page = r#"<link href="./a.css"><script src="./main.js"></script><a href="../docs">./</a>"#;
        let assets = assets(&[("index.html", page), ("main.js", "")]);
        let (f, page) = (&assets.fingerprint, assets.page.as_ref().unwrap());
        let expected = format!(
            r#"<link href="./{f}/a.css"><script src="./{f}/main.js"></script><a href="../docs">./</a>"#
        );
        assert_eq!(page.bytes, expected);
        assert!(assets.file(f, "main.js").is_some());
        assert!(
            assets.file("0123456789abcdef", "main.js").is_none() && assets.file(f, "index.html").is_none()
        );
    }

    /// The gzipped bytes that a visit loads before its view is there: of the page, and of the files that the templates of the views name.
    fn gzipped(assets: &Assets, views: &[&str]) -> usize {
        let page = assets.page.as_ref().unwrap();
        let text = String::from_utf8(page.bytes.to_vec()).unwrap();
        let parts: Vec<_> = text.split("<template data-view=\"").collect();
        let of = |view: &&str| *parts.iter().find(|part| part.starts_with(&format!("{view}\""))).unwrap();
        let parts = views.iter().map(of).chain([parts[0]]);
        let own = format!("\"./{}/", assets.fingerprint);
        let names: BTreeSet<_> = parts
            .flat_map(|part| part.split(&own).skip(1).map(|rest| rest.split('"').next().unwrap()))
            .collect();
        let files = names.iter().map(|name| assets.file(&assets.fingerprint, name).unwrap());
        files.chain([page]).map(|file| file.compress(ContentCoding::Gzip).bytes.len()).sum()
    }

    #[test]
    fn a_first_view_and_markdown_stay_within_their_budgets() {
        let assets = Assets::load();
        let budgets = [
            (&["sign-in"][..], FIRST_VIEW_BYTES),
            (&["frame", "chats", "composer", "welcome"], FIRST_VIEW_BYTES),
            (&["frame", "chat", "composer"], CHAT_BYTES),
        ];
        for (views, budget) in budgets {
            let size = gzipped(&assets, views);
            assert!(size <= budget, "{views:?}: {size} bytes");
            // A view that is not found would weigh nothing.
            assert!(size > budget / 4, "{views:?}: {size} bytes");
        }
        let markdown = gzipped(&assets, &["markdown"]) - gzipped(&assets, &[]);
        assert!(markdown <= MARKDOWN_BYTES, "{markdown} bytes");
    }

    #[test]
    fn what_is_for_people_and_type_checkers_is_left_out() {
        let names: Vec<_> = EmbeddedFiles::iter().collect();
        assert!(names.iter().any(|name| name == "vendor/preact.js"), "{names:?}");
        let is_left_out =
            |name: &str| name.ends_with(".d.ts") || name.ends_with("README.md") || name == "tsconfig.json";
        assert!(!names.iter().any(|name| is_left_out(name)), "{names:?}");
    }
}

//! The imports of the page's modules, so that a browser loads a whole view at once, and not one level of imports after the other.

use actix_web::web::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The line of the page that has a module loaded before it is imported, up to the module's name.
const PRELOAD: &str = r#"<link rel="modulepreload" href="./"#;

/// The tags around a part of the page that a browser loads later, if at all.
const LATER: (&str, &str) = ("<template", "</template");

/// The files of the page by their names.
type Files = BTreeMap<String, Bytes>;

/// The page, in which each line that preloads a module is followed by those for the modules that it imports, at whatever level. A template repeats
/// nothing that the page itself preloads before it.
pub(super) fn with_imports(page: &str, files: &Files) -> String {
    let mut preloaded = BTreeSet::new();
    let mut in_template = None;
    let mut whole = String::new();
    for line in page.split_inclusive('\n') {
        whole += line;
        if line.starts_with(LATER.0) {
            in_template = Some(preloaded.clone());
        } else if line.starts_with(LATER.1) {
            in_template = None;
        }
        let Some(name) = line.strip_prefix(PRELOAD).and_then(|rest| rest.split('"').next()) else { continue };
        let known = in_template.as_mut().unwrap_or(&mut preloaded);
        known.insert(name.to_owned());
        let mut unread = VecDeque::from([name.to_owned()]);
        while let Some(module) = unread.pop_front() {
            for imported in imports(&module, files) {
                if known.insert(imported.clone()) {
                    whole.extend([PRELOAD, &imported, "\">\n"]);
                    unread.push_back(imported);
                }
            }
        }
    }
    whole
}

/// The modules that one imports when it is loaded. A type in a comment and `import()` are none: no `from` stands before their paths.
fn imports(module: &str, files: &Files) -> Vec<String> {
    let text = files.get(module).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
    let paths = text.split("from").skip(1).filter_map(|rest| {
        let mut quoted = rest.trim_start().split(['\'', '"']);
        quoted.next().filter(|before| before.is_empty()).and(quoted.next())
    });
    // A text that looks like an import is the name of no file.
    paths.filter_map(|path| resolve(module, path)).filter(|name| files.contains_key(name)).collect()
}

/// The name of a file by its path relative to a module.
fn resolve(module: &str, path: &str) -> Option<String> {
    let mut parts: Vec<_> = module.split('/').collect();
    parts.pop();
    if !path.starts_with('.') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &[(&str, &'static str)]) -> Files {
        files.iter().map(|(name, text)| ((*name).to_owned(), Bytes::from_static(text.as_bytes()))).collect()
    }

    fn preloads(names: &[&str]) -> String {
        names.iter().flat_map(|name| [PRELOAD, name, "\">\n"]).collect()
    }

    #[test]
    fn an_import_is_what_is_loaded_with_a_module() {
        let files = files(&[
            (
                "views/a.js",
                r#"import { b } from './b.js';
                import {
                    c,
                } from '../lib/c.js';
                export { d } from './d.js';
                /** @type {import('./e.js').E} */
                const e = () => import('./e.js');
                const text = 'far from "./nowhere.js" and from here';"#,
            ),
            ("views/b.js", ""),
            ("lib/c.js", r#"import{x as y}from"../vendor/x.js";export*from"./c.js""#),
            ("views/d.js", ""),
            ("views/e.js", ""),
            ("vendor/x.js", ""),
        ]);
        assert_eq!(imports("views/a.js", &files), ["views/b.js", "lib/c.js", "views/d.js"]);
        assert_eq!(imports("lib/c.js", &files), ["vendor/x.js", "lib/c.js"]);
        assert_eq!(imports("lib/nothing.js", &files), [""; 0]);
        assert_eq!(resolve("a.js", "../b.js"), None);
    }

    #[test]
    fn a_preloaded_module_brings_what_it_imports_once() {
        let files = files(&[
            ("main.js", "import './x'; import a from './a.js'; import b from './b.js';"),
            ("a.js", "import b from './b.js'; import c from './c.js'"),
            ("b.js", ""),
            ("c.js", "import a from './a.js'"),
            ("view.js", "import c from './c.js'; import d from './d.js'"),
            ("d.js", ""),
        ]);
        let page = |main: &[&str], view: &[&str]| {
            let view = preloads(view);
            format!(
                "<head>\n{}<template>\n{view}</template>\n<template>\n{view}</template>\n",
                preloads(main)
            )
        };
        let expected = page(&["main.js", "a.js", "b.js", "c.js"], &["view.js", "d.js"]);
        assert_eq!(with_imports(&page(&["main.js"], &["view.js"]), &files), expected);
    }
}

//! The sources that the models contain, as tokens.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// The folders that are searched for the place of a mutation.
const FOLDERS: [&str; 3] = ["mpsc/src", "http-resume/src", "papers/src"];

/// A source file.
pub(crate) struct Source {
    /// Path in the workspace.
    pub(crate) file: String,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
}

/// A token, by its place in the text.
#[derive(Clone)]
pub(crate) struct Token(pub(crate) Range<usize>);

impl Source {
    pub(crate) fn new(file: String, text: String) -> Self {
        let tokens = tokens(&text);
        Self { file, text, tokens }
    }

    /// Reads every source file, without unit tests that have a file of their own.
    pub(crate) fn read_all(workspace: &Path) -> io::Result<Vec<Self>> {
        let mut sources = Vec::new();
        for folder in FOLDERS {
            read_folder(workspace, folder, &mut sources)?;
        }
        sources.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(sources)
    }

    /// Returns the text of the token at `index`, or nothing past the ends.
    pub(crate) fn token(&self, index: usize) -> &str {
        self.tokens
            .get(index)
            .map_or("", |token| &self.text[token.0.clone()])
    }

    /// Returns the name of the function that contains the token at `index`.
    pub(crate) fn function_at(&self, index: usize) -> &str {
        let before = (1..index).rev();
        let mut names = before.filter(|&index| self.token(index - 1) == "fn");
        names.next().map_or("", |index| self.token(index))
    }

    /// Returns the number of the line that contains the token at `index`.
    pub(crate) fn line_at(&self, index: usize) -> usize {
        let before = &self.text[..self.tokens[index].0.start];
        before.matches('\n').count() + 1
    }

    /// Returns the places of `pattern`, a piece of code in which `…` is any token.
    /// White space, comments and trailing commas make no difference.
    pub(crate) fn find(&self, pattern: &str) -> Vec<Range<usize>> {
        let pattern_tokens = tokens(pattern);
        let is_at = |start: usize| {
            pattern_tokens
                .iter()
                .enumerate()
                .map(|(offset, token)| (self.token(start + offset), &pattern[token.0.clone()]))
                .all(|(token, wanted)| token == wanted || (wanted == "…" && !token.is_empty()))
        };
        (0..self.tokens.len())
            .filter(|&start| is_at(start))
            .map(|start| start..start + pattern_tokens.len())
            .collect()
    }

    /// Returns the text with the tokens of `range` replaced.
    pub(crate) fn replaced(&self, range: Range<usize>, by: &str) -> String {
        let start = self.tokens[range.start].0.start;
        let end = self.tokens[range.end - 1].0.end;
        [&self.text[..start], by, &self.text[end..]].concat()
    }
}

fn read_folder(workspace: &Path, folder: &str, sources: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(workspace.join(folder))? {
        let entry = entry?;
        let name = entry.file_name();
        let file = format!("{folder}/{}", name.to_string_lossy());
        if entry.file_type()?.is_dir() {
            read_folder(workspace, &file, sources)?;
        } else if file.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(entry.path())?;
            sources.push(Source::new(file, text));
        }
    }
    Ok(())
}

/// Splits `text` into tokens, leaving out comments and trailing commas.
fn tokens(text: &str) -> Vec<Token> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#"(?sx)
            //[^\n]* | /\*.*?\*/ | \s+
            | (?<token> "(?:\\.|[^"\\])*" | '(?:\\[^']+|[^'\\])' | '\w+ | \w+ | . )"#;
        Regex::new(pattern).expect("the pattern is valid")
    });
    let found = TOKEN.captures_iter(text);
    let mut tokens: Vec<_> = found
        .filter_map(|captures| captures.name("token"))
        .map(|token| Token(token.range()))
        .collect();
    let closes: Vec<bool> = tokens
        .iter()
        .map(|token| matches!(&text[token.0.clone()], ")" | "]" | "}"))
        .collect();
    let mut following = closes.into_iter().skip(1).chain([false]);
    tokens.retain(|token| {
        let is_trailing = following.next().unwrap_or(false);
        !(is_trailing && &text[token.0.clone()] == ",")
    });
    tokens
}

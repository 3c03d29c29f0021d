//! A Rust file as text, with its code, comments and tests marked. It parses no Rust.

use std::fmt;
use std::ops::Range;

/// One breach of a law.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) what: String,
    pub(crate) instead: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.what, self.instead)
    }
}

/// A file. `code` and `comments` are as long as `text`, with spaces in place of everything else.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) code: String,
    pub(crate) comments: String,
    /// Whether the whole file is test code, by its place or because a `#[cfg(test)] mod` names it.
    pub(crate) is_test: bool,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str, is_test: bool) -> Source {
        let (code, comments) = split(text);
        Source { path: path.to_owned(), text: text.to_owned(), code, comments, is_test }
    }

    /// A finding at a byte offset.
    pub(crate) fn finding(&self, at: usize, what: impl Into<String>, instead: &'static str) -> Finding {
        Finding { path: self.path.clone(), line: self.line_of(at), what: what.into(), instead }
    }

    /// The line, from 1, of a byte offset.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        self.code.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// The items with `#[cfg(test)]`.
    pub(crate) fn test_spans(&self) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        for (at, _) in self.code.match_indices("#[cfg(") {
            let Some(end) = self.code[at..].find(']').map(|n| at + n) else { continue };
            let condition = &self.code[at..end];
            if words(condition, "test").next().is_some() && !condition.contains("not(test") {
                spans.push(at..item_end(&self.code, end + 1));
            }
        }
        spans
    }
}

/// The end of the item that starts at `from`: after its braces, or after its semicolon.
pub(crate) fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0i32;
    for (n, byte) in code.as_bytes()[from..].iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth == 0 => return from + n + 1,
            b'{' if depth == 0 => return block_end(code, from + n),
            _ => {}
        }
    }
    code.len()
}

/// The end of the braces that open at `open`.
pub(crate) fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0i32;
    for (n, byte) in code.as_bytes()[open..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return open + n + 1;
        }
    }
    code.len()
}

/// The offsets of `word` in `code`, except in longer names.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    let part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let (starts, ends) = (part(word.as_bytes().first()), part(word.as_bytes().last()));
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = starts && *at > 0 && part(bytes.get(at - 1));
        let behind = ends && part(bytes.get(at + word.len()));
        !before && !behind
    })
}

/// The name at the start of `code`; empty if there is none.
pub(crate) fn name(code: &str) -> &str {
    let end = code.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(code.len());
    &code[..end]
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// The code alone, and the comments alone. Both keep newlines.
fn split(text: &str) -> (String, String) {
    let bytes = text.as_bytes();
    let (mut code, mut comments) = (blank(bytes), blank(bytes));
    let mut at = 0;
    while at < bytes.len() {
        let (part, len) = token(text, at);
        let end = (at + len).min(bytes.len());
        match part {
            Part::Code => code[at..end].copy_from_slice(&bytes[at..end]),
            Part::Comment => comments[at..end].copy_from_slice(&bytes[at..end]),
            Part::Literal => {}
        }
        at = end;
    }
    let text = |bytes| String::from_utf8(bytes).expect("whole tokens were copied");
    (text(code), text(comments))
}

fn blank(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }).collect()
}

/// The kind and the length of the token at `at`.
fn token(text: &str, at: usize) -> (Part, usize) {
    let rest = &text[at..];
    let first = rest.chars().next().expect("`at` lies before the end");
    if rest.starts_with("//") {
        return (Part::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Part::Comment, rest.find("*/").map_or(rest.len(), |n| n + 2));
    }
    if first == '"' {
        return (Part::Literal, quoted(rest));
    }
    if first == '\'' {
        return character(rest);
    }
    let name = name(rest);
    if matches!(name, "r" | "br" | "cr") {
        let hashes = rest[name.len()..].bytes().take_while(|byte| *byte == b'#').count();
        let open = name.len() + hashes;
        if rest[open..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let len = rest[open + 1..].find(&close).map_or(rest.len(), |n| open + 1 + n + close.len());
            return (Part::Literal, len);
        }
    }
    (Part::Code, if name.is_empty() { first.len_utf8() } else { name.len() })
}

/// The length of the string literal that `rest` starts with.
fn quoted(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A character literal, or the quote of a lifetime.
fn character(rest: &str) -> (Part, usize) {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((behind, _))) => {
            (Part::Literal, rest[behind + 1..].find('\'').map_or(rest.len(), |n| behind + n + 2))
        }
        (Some(_), Some((close, '\''))) => (Part::Literal, close + 1),
        _ => (Part::Code, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, words};

    #[test]
    fn comments_and_literals_are_no_code() {
        let text = "let a = \"unsafe \\\" {\"; // unsafe\nlet b: &'static str = r#\"un\"safe\"#; let c = ['\"', '\\'', 'é'];\n/* unsafe */ d";
        let source = Source::new("x.rs", text, false);
        assert!(
            !source.code.contains("unsafe") && source.code.contains("static") && source.code.ends_with('d')
        );
        assert_eq!(source.comments.matches("unsafe").count(), 2);
        assert_eq!(source.code.len(), text.len());
        assert_eq!(source.line_of(text.len()), 3);
    }

    #[test]
    fn words_are_whole_names() {
        assert_eq!(words("unsafe_op unsafe notunsafe (unsafe)", "unsafe").collect::<Vec<_>>(), [10, 28]);
    }

    #[test]
    fn test_items_are_found_by_their_condition() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { [0; 2]; } }\n#[cfg(not(test))] fn c() {}\n#[cfg(all(test, unix))] mod d;\n";
        let source = Source::new("x.rs", text, false);
        let spans: Vec<&str> = source.test_spans().into_iter().map(|span| &text[span]).collect();
        assert_eq!(spans.len(), 2);
        assert!(spans[0].ends_with("} }") && spans[1].ends_with("mod d;"));
    }
}

//! The text forms of selectors. Grammar and messages are those of k8s.io/apimachinery (labels, fields).

use super::{FieldTerm, Operator, Requirement, SelectorError, Str};

/// Whether `in` and `notin` are operators or words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Operator,
    Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    End,
    /// `=`, `==`, `!=`, `!`, `,`, `(`, `)`, `<`, `>`; in the context of an operator also `in` and `notin`.
    Symbol(&'a str),
    Word(&'a str),
}

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        match self {
            Token::End => "",
            Token::Symbol(text) | Token::Word(text) => text,
        }
    }
}

const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", ",", "(", ")", "<", ">"];

struct Parser<'a> {
    rest: &'a str,
}

type Result<T> = std::result::Result<T, SelectorError>;

pub(super) fn bad<T>(text: impl Into<String>) -> Result<T> {
    Err(SelectorError(text.into()))
}

fn found<T>(token: Token<'_>, expected: &str) -> Result<T> {
    bad(format!("found '{}', {expected}", token.text()))
}

/// The requirements of a label selector.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>> {
    let mut parser = Parser { rest: text };
    let mut out = Vec::new();
    loop {
        match parser.peek(Context::Value) {
            Token::End => return Ok(out),
            Token::Word(_) | Token::Symbol("!") => {
                let requirement = parser.requirement();
                out.push(
                    requirement.map_err(|e| SelectorError(format!("unable to parse requirement: {e}")))?,
                );
            }
            other => return found(other, "expected: !, identifier, or 'end of string'"),
        }
        match parser.next(Context::Operator) {
            Token::End => return Ok(out),
            Token::Symbol(",") => match parser.peek(Context::Value) {
                Token::Word(_) | Token::Symbol("!") => (),
                other => return found(other, "expected: identifier after ','"),
            },
            other => return found(other, "expected: ',' or 'end of string'"),
        }
    }
}

impl<'a> Parser<'a> {
    fn next(&mut self, context: Context) -> Token<'a> {
        let text = self.rest.trim_start();
        if text.is_empty() {
            self.rest = text;
            return Token::End;
        }
        let length = SYMBOLS.iter().find(|s| text.starts_with(**s)).map(|s| s.len());
        let end = length.unwrap_or_else(|| {
            text.find(|c: char| c.is_whitespace() || "=!,()<>".contains(c)).unwrap_or(text.len())
        });
        let (token, rest) = text.split_at(end);
        self.rest = rest;
        let operator = context == Context::Operator && ["in", "notin"].contains(&token);
        if length.is_some() || operator { Token::Symbol(token) } else { Token::Word(token) }
    }

    fn peek(&self, context: Context) -> Token<'a> {
        Parser { rest: self.rest }.next(context)
    }

    fn requirement(&mut self) -> Result<Requirement> {
        let mut token = self.next(Context::Value);
        let absent = token == Token::Symbol("!");
        if absent {
            token = self.next(Context::Value);
        }
        let Token::Word(key) = token else { return found(token, "expected: identifier") };
        let key = Str::new(key);
        // The server checks the key before the rest.
        Requirement::new(key.clone(), Operator::Exists, Vec::new())?;
        if absent {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek(Context::Operator), Token::End | Token::Symbol(",")) {
            return Requirement::new(key, Operator::Exists, Vec::new());
        }
        let operator = self.next(Context::Operator);
        let (operator, values) = match operator {
            Token::Symbol("in") => (Operator::In, self.values()?),
            Token::Symbol("notin") => (Operator::NotIn, self.values()?),
            Token::Symbol("=" | "==") => (Operator::In, vec![self.value()?]),
            Token::Symbol("!=") => (Operator::NotIn, vec![self.value()?]),
            Token::Symbol(">") => (Operator::Gt, vec![self.value()?]),
            Token::Symbol("<") => (Operator::Lt, vec![self.value()?]),
            other => return found(other, "expected: in, notin, =, ==, !=, gt, lt"),
        };
        Requirement::new(key, operator, values)
    }

    fn value(&mut self) -> Result<Str> {
        match self.peek(Context::Value) {
            Token::End | Token::Symbol(",") => Ok(Str::default()),
            Token::Word(word) => {
                self.next(Context::Value);
                Ok(word.into())
            }
            other => found(other, "expected: identifier"),
        }
    }

    /// `(a,b)`; an omitted value is the empty string.
    fn values(&mut self) -> Result<Vec<Str>> {
        match self.next(Context::Value) {
            Token::Symbol("(") => (),
            other => return found(other, "expected: '('"),
        }
        let mut out = Vec::new();
        loop {
            let word = match self.peek(Context::Value) {
                Token::Word(word) => {
                    self.next(Context::Value);
                    word
                }
                Token::Symbol("," | ")") => "",
                other if out.is_empty() => return found(other, "expected: ',', ')' or identifier"),
                other => return found(other, "expected: ',', or identifier"),
            };
            out.push(word.into());
            match self.next(Context::Value) {
                Token::Symbol(",") => (),
                Token::Symbol(")") => break,
                other => return found(other, "expected: ',' or ')'"),
            }
        }
        out.sort();
        out.dedup();
        Ok(out)
    }
}

/// The terms of a field selector.
pub(super) fn fields(text: &str) -> Result<Vec<FieldTerm>> {
    split_unescaped(text, ',').into_iter().filter(|term| !term.is_empty()).map(term).collect()
}

fn term(text: &str) -> Result<FieldTerm> {
    let bad = || SelectorError(format!("invalid selector: '{text}'; can't understand '{text}'"));
    let at = text.find(['=', '!']).ok_or_else(bad)?;
    let (field, rest) = text.split_at(at);
    let (equals, value) = ["!=", "==", "="]
        .iter()
        .find_map(|operator| Some((*operator != "!=", rest.strip_prefix(operator)?)))
        .ok_or_else(bad)?;
    Ok(FieldTerm { field: field.into(), equals, value: unescape(value)? })
}

fn split_unescaped(text: &str, at: char) -> Vec<&str> {
    let (mut out, mut start, mut escaped) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices() {
        if c == at && !escaped {
            out.push(&text[start..i]);
            start = i + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    out.push(&text[start..]);
    out
}

fn unescape(text: &str) -> Result<Str> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return bad(format!("invalid field selector: invalid escape sequence: \\{c}")),
                None => return bad("invalid field selector: invalid escape sequence: \\"),
            },
            ',' | '=' => return bad(format!("invalid field selector: unescaped character in value: {c}")),
            c => out.push(c),
        }
    }
    Ok(out.into())
}

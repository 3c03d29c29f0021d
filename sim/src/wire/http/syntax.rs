//! The messages of Go's `encoding/json` about invalid JSON: the first wrong character, and what the parser expected there.
//!
//! It runs only after our own parser has refused the text, so it is plain rather than fast. Not modelled: bad UTF-8 in strings,
//! which Go accepts and we refuse: there is no message then, and the caller uses that of our parser.

/// Go's message about the text, if Go refuses it.
pub(super) fn go_message(text: &[u8]) -> Option<String> {
    let mut scan = Scan { text, at: 0 };
    let found = scan.value("looking for beginning of value").and_then(|()| match scan.peek() {
        Some(_) => scan.fail("after top-level value"),
        None => Ok(()),
    });
    found.err()
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

type Scanned = Result<(), String>;

impl Scan<'_> {
    /// The next character that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn fail(&self, place: &str) -> Scanned {
        Err(match self.text.get(self.at) {
            None => "unexpected end of JSON input".to_owned(),
            Some(b'\'') => format!("invalid character '\\'' {place}"),
            Some(byte) => format!("invalid character {:?} {place}", char::from(*byte)),
        })
    }

    fn value(&mut self, place: &str) -> Scanned {
        match self.peek() {
            Some(b'{') => self.members(b'}', "after object key:value pair", Self::entry),
            Some(b'[') => {
                self.members(b']', "after array element", |scan| scan.value("looking for beginning of value"))
            }
            Some(b'"') => self.string(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.fail(place),
        }
    }

    fn entry(&mut self) -> Scanned {
        if self.peek() != Some(b'"') {
            return self.fail("looking for beginning of object key string");
        }
        self.string()?;
        if self.peek() != Some(b':') {
            return self.fail("after object key");
        }
        self.at += 1;
        self.value("looking for beginning of value")
    }

    /// An object or an array, up to this bracket.
    fn members(&mut self, close: u8, after: &str, member: fn(&mut Self) -> Scanned) -> Scanned {
        self.at += 1;
        let mut is_over = self.peek() == Some(close);
        while !is_over {
            member(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => is_over = true,
                _ => return self.fail(after),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Scanned {
        self.at += 1;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(0x20..) => self.at += 1,
                _ => return self.fail("in string literal"),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn escape(&mut self) -> Scanned {
        self.at += 1;
        match self.text.get(self.at) {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.text.get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                        return self.fail("in \\u hexadecimal character escape");
                    }
                    self.at += 1;
                }
            }
            _ => return self.fail("in string escape code"),
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Scanned {
        for wanted in word.bytes() {
            if self.text.get(self.at) != Some(&wanted) {
                return self.fail(&format!("in literal {word} (expecting {:?})", char::from(wanted)));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Scanned {
        if self.text[self.at] == b'-' {
            self.at += 1;
        }
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self, place: &str) -> Scanned {
        if !self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            return self.fail(place);
        }
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::go_message;

    #[test]
    fn messages_are_those_of_go() {
        let cases = [
            ("", "unexpected end of JSON input"),
            ("{bad", "invalid character 'b' looking for beginning of object key string"),
            ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("nul", "unexpected end of JSON input"),
            ("nuts", "invalid character 't' in literal null (expecting 'l')"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("1.", "unexpected end of JSON input"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
        ];
        for (text, wanted) in cases {
            assert_eq!(go_message(text.as_bytes()).as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(go_message(b"{\"a\": [1.5e3, -0, \"\\u00e4\", true, null, {}, []]}"), None);
    }
}

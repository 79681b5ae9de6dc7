//! JSON in constants: a lexer over bytes, without a heap, for [`header`](super::header).
//!
//! It knows the grammar of RFC 8259 and nothing of safetensors. Numbers that a caller reads are non-negative integers
//! of at most 19 digits; other numbers can only be skipped.
//!
//! The compiler interprets this code some hundred times slower than a processor would run it: hence loops over local
//! variables, and the common case (no white space, no escape) before the general one.

use super::text::Text;

/// `?` for constants.
macro_rules! tri {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Err(error),
        }
    };
}
pub(super) use tri;

/// The part `from..to` of `bytes`.
pub(super) const fn part(bytes: &[u8], from: usize, to: usize) -> &[u8] {
    bytes.split_at(to).0.split_at(from).1
}

/// Text that is not the JSON it should be.
///
/// ```
/// use typenet_runtime::io::{HeaderError, JsonError};
///
/// let error = JsonError { at: 1, expected: "a string", found: Some(b'7') };
/// assert_eq!(HeaderError::Json(error).to_string(), "in its header, byte 1 should be a string, but is `7`");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// Index of the offending byte, from the start of the JSON text.
    pub at: usize,
    /// What should stand there.
    pub expected: &'static str,
    /// What stands there; `None` at the end of the text.
    pub found: Option<u8>,
}

impl JsonError {
    pub(super) const fn describe(&self, text: &mut Text) {
        text.push("byte ");
        text.push_number(self.at as u64);
        text.push(" should be ");
        text.push(self.expected);
        match self.found {
            None => text.push(", but the header ends there"),
            Some(byte @ b' '..=b'~') => {
                text.push(", but is `");
                match core::str::from_utf8(&[byte]) {
                    Ok(character) => text.push(character),
                    Err(_) => unreachable!(),
                }
                text.push("`");
            }
            Some(byte) => {
                text.push(", but has the value ");
                text.push_number(byte as u64);
            }
        }
    }
}

/// A string: what stands between the quotes, its escapes checked but not replaced.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonStr<'a> {
    /// Index of the opening quote in the JSON text.
    pub(super) at: usize,
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> JsonStr<'a> {
    /// What stands between the quotes.
    pub(super) const fn raw(&self) -> &'a str {
        match core::str::from_utf8(self.raw) {
            Ok(raw) => raw,
            Err(_) => "",
        }
    }

    /// The string's bytes if it has no escapes.
    pub(super) const fn plain(&self) -> Option<&'a [u8]> {
        if self.escaped { None } else { Some(self.raw) }
    }

    /// The string's bytes with every escape replaced.
    pub(super) const fn bytes(&self) -> JsonBytes<'a> {
        JsonBytes { raw: self.raw, at: 0, character: [0; 4], left: 0 }
    }

    /// Whether the string is `names` joined by dots.
    pub(super) const fn is_path(&self, names: &[&str]) -> bool {
        let mut len = names.len().saturating_sub(1);
        let mut i = 0;
        while i < names.len() {
            len += names[i].len();
            i += 1;
        }
        if self.escaped {
            return self.decodes_to_path(names);
        }
        if len != self.raw.len() {
            return false;
        }
        let mut at = 0;
        i = 0;
        while i < names.len() {
            if i > 0 {
                if self.raw[at] != b'.' {
                    return false;
                }
                at += 1;
            }
            let name = names[i].as_bytes();
            let mut k = 0;
            while k < name.len() {
                if self.raw[at] != name[k] {
                    return false;
                }
                (at, k) = (at + 1, k + 1);
            }
            i += 1;
        }
        true
    }

    const fn decodes_to_path(&self, names: &[&str]) -> bool {
        let mut bytes = self.bytes();
        let mut i = 0;
        while i < names.len() {
            if i > 0 && !matches!(bytes.next_byte(), Some(b'.')) {
                return false;
            }
            let name = names[i].as_bytes();
            let mut k = 0;
            while k < name.len() {
                match bytes.next_byte() {
                    Some(byte) if byte == name[k] => k += 1,
                    _ => return false,
                }
            }
            i += 1;
        }
        bytes.next_byte().is_none()
    }

    /// Whether the string is `text`.
    pub(super) const fn is(&self, text: &str) -> bool {
        self.is_path(&[text])
    }
}

/// The bytes of a [`JsonStr`] with every escape replaced: an iterator that constants can use too.
#[derive(Debug, Clone)]
pub(super) struct JsonBytes<'a> {
    raw: &'a [u8],
    at: usize,
    /// Bytes of an escaped character that are still to come: the last `left` of these.
    character: [u8; 4],
    left: usize,
}

impl JsonBytes<'_> {
    /// [`Iterator::next`] for constants.
    pub(super) const fn next_byte(&mut self) -> Option<u8> {
        if self.left > 0 {
            self.left -= 1;
            return Some(self.character[3 - self.left]);
        }
        if self.at == self.raw.len() {
            return None;
        }
        let byte = self.raw[self.at];
        self.at += 1;
        if byte != b'\\' {
            return Some(byte);
        }
        let escape = self.raw[self.at];
        self.at += 1;
        Some(match escape {
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 12,
            b'r' => b'\r',
            b'u' => return self.unicode(),
            other => other,
        })
    }

    /// The character of an escape whose `\u` was just read, encoded in UTF-8: its first byte.
    const fn unicode(&mut self) -> Option<u8> {
        let mut code = hex(self.raw, self.at);
        self.at += 4;
        if let Some(high @ 0xD800..0xDC00) = code {
            code = match hex(self.raw, self.at + 2) {
                Some(low) => Some(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)),
                None => None,
            };
            self.at += 6;
        }
        let character = match code {
            Some(code) => match char::from_u32(code) {
                Some(character) => character,
                None => return None,
            },
            None => return None,
        };
        let mut utf8 = [0; 4];
        let len = character.encode_utf8(&mut utf8).len();
        let mut i = 0;
        while i < len {
            self.character[4 - len + i] = utf8[i];
            i += 1;
        }
        self.left = len - 1;
        Some(utf8[0])
    }
}

impl Iterator for JsonBytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.next_byte()
    }
}

/// The four hexadecimal digits at `at`; `None` if they are not four.
const fn hex(raw: &[u8], at: usize) -> Option<u32> {
    let (mut code, mut i) = (0, at);
    while i < at + 4 {
        if i >= raw.len() {
            return None;
        }
        let digit = match raw[i] {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            digit @ b'A'..=b'F' => digit - b'A' + 10,
            _ => return None,
        };
        code = code * 16 + digit as u32;
        i += 1;
    }
    Some(code)
}

/// A place in a JSON text. Every method reads from there and moves on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn peek(&self) -> Option<u8> {
        if self.at < self.text.len() { Some(self.text[self.at]) } else { None }
    }

    pub(super) const fn error<T>(&self, expected: &'static str) -> Result<T, JsonError> {
        Err(JsonError { at: self.at, expected, found: self.peek() })
    }

    pub(super) const fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Reads `byte` if it comes next, after white space.
    pub(super) const fn accept(&mut self, byte: u8) -> bool {
        if self.at < self.text.len() && self.text[self.at] > b' ' {
            let found = self.text[self.at] == byte;
            self.at += found as usize;
            return found;
        }
        self.space();
        let found = self.at < self.text.len() && self.text[self.at] == byte;
        self.at += found as usize;
        found
    }

    pub(super) const fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        if self.accept(byte) { Ok(()) } else { self.error(expected) }
    }

    /// Reads what stands between the elements of a list or an object, or its end; `false` at the end.
    pub(super) const fn more(&mut self, first: bool, close: u8) -> Result<bool, JsonError> {
        if self.accept(close) {
            return Ok(false);
        }
        if !first {
            tri!(self.expect(b',', if close == b']' { "`,` or `]`" } else { "`,` or `}`" }));
        }
        Ok(true)
    }

    /// Reads `"…"`.
    pub(super) const fn string(&mut self) -> Result<JsonStr<'a>, JsonError> {
        tri!(self.expect(b'"', "a string"));
        let (text, start) = (self.text, self.at);
        let (mut escaped, mut ascii) = (false, true);
        let mut at = start;
        while at < text.len() && text[at] != b'"' {
            let byte = text[at];
            at += 1;
            if byte == b'\\' {
                escaped = true;
                self.at = at;
                tri!(self.escape());
                at = self.at;
            } else if byte < 0x20 {
                self.at = at - 1;
                return self.error("a character of a string or `\"`");
            } else if byte >= 0x80 {
                ascii = false;
            }
        }
        let raw = part(text, start, at);
        if !ascii && let Err(error) = core::str::from_utf8(raw) {
            self.at = start + error.valid_up_to();
            return self.error("UTF-8");
        }
        self.at = at;
        if at == text.len() {
            return self.error("a character of a string or `\"`");
        }
        self.at += 1;
        Ok(JsonStr { at: start - 1, raw, escaped })
    }

    /// Reads what follows a backslash.
    const fn escape(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                return Ok(());
            }
            Some(b'u') => self.at += 1,
            _ => return self.error("an escape"),
        }
        match hex(self.text, self.at) {
            None => self.error("four hexadecimal digits"),
            Some(0xDC00..0xE000) => self.error("a character, not half of one"),
            Some(0xD800..0xDC00) => {
                self.at += 4;
                if !matches!(self.peek(), Some(b'\\')) {
                    return self.error("the second half of a character");
                }
                self.at += 1;
                if !matches!(self.peek(), Some(b'u')) {
                    return self.error("the second half of a character");
                }
                self.at += 1;
                if !matches!(hex(self.text, self.at), Some(0xDC00..0xE000)) {
                    return self.error("the second half of a character");
                }
                self.at += 4;
                Ok(())
            }
            Some(_) => {
                self.at += 4;
                Ok(())
            }
        }
    }

    /// Reads a string and the colon after it.
    pub(super) const fn key(&mut self) -> Result<JsonStr<'a>, JsonError> {
        let key = tri!(self.string());
        tri!(self.expect(b':', "`:`"));
        Ok(key)
    }

    /// Reads a non-negative integer: digits, no sign, fraction, exponent or leading zero.
    pub(super) const fn integer(&mut self) -> Result<u64, JsonError> {
        self.space();
        let (text, start) = (self.text, self.at);
        let mut number: u64 = 0;
        let mut at = start;
        while at < text.len() && text[at].is_ascii_digit() {
            if at - start == 19 {
                self.at = at;
                return self.error("the end of a number of at most 19 digits");
            }
            number = 10 * number + (text[at] - b'0') as u64;
            at += 1;
        }
        self.at = at;
        let digits = self.at - start;
        if digits == 0 {
            return self.error("a non-negative integer");
        }
        if digits > 1 && self.text[start] == b'0' {
            self.at = start;
            return self.error("an integer without leading zeros");
        }
        match self.peek() {
            Some(b'.' | b'e' | b'E') => self.error("the end of an integer"),
            _ => Ok(number),
        }
    }

    /// Reads any value and forgets it. At most 128 values lie within each other.
    pub(super) const fn skip(&mut self) -> Result<(), JsonError> {
        let (mut depth, mut objects) = (0, 0u128);
        loop {
            self.space();
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if depth == 128 {
                        return self.error("a value that is nested less deeply");
                    }
                    let object = open == b'{';
                    self.at += 1;
                    if !self.accept(if object { b'}' } else { b']' }) {
                        depth += 1;
                        objects = objects << 1 | object as u128;
                        if object {
                            tri!(self.key());
                        }
                        continue;
                    }
                }
                Some(b'"') => {
                    tri!(self.string());
                }
                Some(b't') => tri!(self.word("true")),
                Some(b'f') => tri!(self.word("false")),
                Some(b'n') => tri!(self.word("null")),
                _ => tri!(self.number()),
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let object = objects & 1 == 1;
                if tri!(self.more(false, if object { b'}' } else { b']' })) {
                    if object {
                        tri!(self.key());
                    }
                    break;
                }
                depth -= 1;
                objects >>= 1;
            }
        }
    }

    const fn word(&mut self, word: &'static str) -> Result<(), JsonError> {
        let word_bytes = word.as_bytes();
        let mut i = 0;
        while i < word_bytes.len() {
            match self.peek() {
                Some(byte) if byte == word_bytes[i] => self.at += 1,
                _ => return self.error(word),
            }
            i += 1;
        }
        Ok(())
    }

    const fn number(&mut self) -> Result<(), JsonError> {
        if let Some(b'-') = self.peek() {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => tri!(self.digits()),
            _ => return self.error("a value"),
        }
        if let Some(b'.') = self.peek() {
            self.at += 1;
            tri!(self.digits());
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            tri!(self.digits());
        }
        Ok(())
    }

    const fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.error("a digit");
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lexer(text: &str) -> Lexer<'_> {
        Lexer { text: text.as_bytes(), at: 0 }
    }

    /// Whether `text` is one JSON value, by our skipping.
    fn skips(text: &str) -> bool {
        let mut lexer = lexer(text);
        lexer.skip().is_ok() && {
            lexer.space();
            lexer.at == text.len()
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_json_value_is_skipped_whole(value in any_json()) {
            prop_assert!(skips(&value.to_string()));
            prop_assert!(skips(&serde_json::to_string_pretty(&value).unwrap()));
        }

        #[test]
        fn mutated_json_is_judged_as_serde_judges_it(
            value in any_json(), at in any::<prop::sample::Index>(), byte in 0u8..128
        ) {
            let mut text = value.to_string().into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            if let Ok(text) = String::from_utf8(text) {
                // `serde_json` also refuses numbers beyond f64, which is not a matter of grammar.
                match serde_json::from_str::<serde_json::Value>(&text) {
                    Ok(_) => prop_assert!(skips(&text), "{text}"),
                    Err(error) if error.to_string().starts_with("number out of range") => {}
                    Err(_) => prop_assert!(!skips(&text), "{text}"),
                }
            }
        }

        #[test]
        fn strings_decode_as_they_were(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let string = lexer(&json).string().unwrap();
            prop_assert_eq!(string.bytes().collect::<Vec<u8>>(), text.as_bytes());
            prop_assert!(string.is(&text));
            let other = format!("{}{}", text, "x");
            prop_assert!(!string.is(&other));
        }

        #[test]
        fn every_character_may_be_escaped(text in any::<String>()) {
            let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            let json = format!("\"{units}\"");
            prop_assert!(lexer(&json).string().unwrap().is(&text));
        }

        #[test]
        fn integers_are_read_to_the_last_digit(number in 0..10u64.pow(19)) {
            prop_assert_eq!(lexer(&number.to_string()).integer(), Ok(number));
        }
    }

    #[test]
    fn paths_are_names_joined_by_dots() {
        let string = lexer(r#""encoder.dense\u005f1.bias""#).string().unwrap();
        assert!(string.is_path(&["encoder", "dense_1", "bias"]));
        assert!(string.is_path(&["encoder.dense_1", "bias"]));
        assert!(!string.is_path(&["encoder", "dense_1"]));
        assert!(!string.is_path(&["encoder", "dense_1", "bias", ""]));
        assert!(!string.is_path(&[]));
    }

    #[test]
    fn half_characters_are_refused() {
        for text in
            [r#""\ud800""#, r#""\udc00""#, r#""\ud800\u0041""#, r#""\ud800x""#, r#""\u12g4""#, r#""\u12"#]
        {
            assert!(lexer(text).string().is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_no_sizes_are_refused() {
        for text in
            ["-1", "01", "1.0", "1e3", "10000000000000000000", "99999999999999999999", "", "x", "\"1\""]
        {
            assert!(lexer(text).integer().is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_ends_at_128() {
        assert!(skips(&format!("{}{}", "[".repeat(128), "]".repeat(128))));
        assert!(!skips(&format!("{}{}", "[".repeat(129), "]".repeat(129))));
    }

    #[test]
    fn brackets_must_match() {
        for text in [
            "[}",
            "{]",
            "[1,]",
            "{\"a\":1,}",
            "[,]",
            "{\"a\"}",
            "[1 2]",
            "{1:2}",
            "[",
            "{",
            "tru",
            "+1",
            "1.",
        ] {
            assert!(!skips(text), "{text}");
        }
    }
}

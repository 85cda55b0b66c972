//! Escapes control characters and bytes that are no UTF-8, so that names from files and archives
//! can be printed.
//!
//! | in the name | printed |
//! |---|---|
//! | tab, line feed, carriage return | `\t` `\n` `\r` |
//! | other control characters, escape among them | `\u{1b}` |
//! | characters that turn the direction of writing or end a line | `\u{202e}` |
//! | bytes that are no UTF-8 | `\xff` |
//!
//! A name without any of these is printed as it is. In a name with one of them a backslash is
//! doubled, so that two such names differ in print where they differ in bytes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// A name on one line: control characters are escaped, line feeds too.
///
/// ```
/// assert_eq!(annatomy_runtime::printable("a\u{1b}[31m.png"), "a\\u{1b}[31m.png");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.contains(is_escaped) {
        Cow::Owned(escaped(text.as_bytes()))
    } else {
        Cow::Borrowed(text)
    }
}

/// A message of several lines: control characters are escaped, line feeds and tabs are kept.
pub fn printable_message(text: &str) -> Cow<'_, str> {
    let is_escaped = |character: char| is_escaped(character) && !matches!(character, '\n' | '\t');
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut message = String::with_capacity(text.len());
    for character in text.chars() {
        if is_escaped(character) {
            message.extend(character.escape_default());
        } else {
            message.push(character);
        }
    }
    Cow::Owned(message)
}

/// A name of bytes, as file systems and archives store them.
///
/// ```
/// assert_eq!(annatomy_runtime::printable_bytes(b"caf\xe9.png"), "caf\\xe9.png");
/// ```
pub fn printable_bytes(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(escaped(bytes)), printable)
}

/// A path on one line.
pub fn printable_path(path: &Path) -> Cow<'_, str> {
    // On Unix these are the bytes of the name itself.
    printable_bytes(path.as_os_str().as_encoded_bytes())
}

fn is_escaped(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_escaped(character) || character == '\\' {
                text.extend(character.escape_default());
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ordinary_characters_are_printed_as_they_are() {
        for name in ["a.png", "größe/貓.jpg", "C:\\images\\new.png", ""] {
            assert!(matches!(printable(name), Cow::Borrowed(text) if text == name));
            assert!(
                matches!(printable_bytes(name.as_bytes()), Cow::Borrowed(text) if text == name)
            );
        }
    }

    #[test]
    fn no_control_character_reaches_the_terminal() {
        for character in '\0'..='\u{9f}' {
            let text = format!("a{character}b");
            let said = printable(&text);
            assert!(!said.chars().any(char::is_control), "{said}");
        }
        assert_eq!(printable("\u{1b}]0;x\u{7}\n"), "\\u{1b}]0;x\\u{7}\\n");
        assert_eq!(printable("gnp.\u{202e}exe"), "gnp.\\u{202e}exe");
    }

    #[test]
    fn names_that_are_no_utf8_stay_apart() {
        assert_eq!(printable_bytes(b"\xff.png"), "\\xff.png");
        assert_eq!(printable_bytes(b"\xfe.png"), "\\xfe.png");
        assert_eq!(printable_bytes(b"\xff\\xff"), "\\xff\\\\xff");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            let path = Path::new(std::ffi::OsStr::from_bytes(b"/a\xff/\x1b"));
            assert_eq!(printable_path(path), "/a\\xff/\\u{1b}");
        }
    }

    #[test]
    fn a_message_keeps_its_lines() {
        assert_eq!(printable_message("a\n\tb"), "a\n\tb");
        assert_eq!(printable_message("a\n\u{1b}[2J"), "a\n\\u{1b}[2J");
    }
}

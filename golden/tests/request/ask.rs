//! Requests as lines of JSON, and what must come back.

use qrtl_golden::request::{answer, answer_line};

/// Golden's line for a line, and whether it is an error.
pub fn ask(line: &str) -> (String, bool) {
    answer_line(line, |request| answer(request).map_err(|e| e.to_string()))
}

#[track_caller]
pub fn gives(line: &str, expected: &str) {
    assert_eq!(ask(line), (expected.to_owned(), false), "{line}");
}

/// The error's text, without the place in the line where the JSON is wrong; and nothing but the error.
#[track_caller]
pub fn refuses(line: &str, error: &str) {
    let (text, failed) = ask(line);
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let message = answer["error"].as_str().unwrap_or_default();
    assert_eq!((message.split(" at line ").next(), failed), (Some(error), true), "{line}");
    assert_eq!(answer.as_object().unwrap().len(), 1, "{text}");
}

/// Cuts each line down to every length, and puts each value in the place of every digit: the answer is always one line of
/// JSON. Gives the number of errors.
pub fn damaged(lines: &[String], values: &[&str]) -> usize {
    let mut errors = 0;
    for line in lines {
        for at in 0..line.len() {
            errors += usize::from(one_line(&line[..at]));
            if line.as_bytes()[at].is_ascii_digit() {
                for value in values {
                    errors += usize::from(one_line(&format!("{}{value}{}", &line[..at], &line[at + 1..])));
                }
            }
        }
    }
    errors
}

fn one_line(request: &str) -> bool {
    let (text, error) = ask(request);
    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(parsed.get("error").is_some(), error, "{request}: {text}");
    assert!(!text.contains('\n'), "{request}: {text}");
    error
}

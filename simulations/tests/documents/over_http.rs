//! `wit-sim replay --via-http` and `wit-sim compare --via-http`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use crate::support::{folder, trace, wit_sim};

const NOBODY: &str = "--via-http=http://127.0.0.1:1/v1/";

#[test]
fn an_extender_that_does_not_answer_ends_the_run() {
    let folder = folder("over-http");
    fs::write(folder.join("trace.jsonl"), trace("two services")).unwrap();
    let printed = wit_sim(&folder, &["replay", "FILES/trace.jsonl", NOBODY, "--node-cache-capable"]);
    assert!(!printed.succeeded && printed.out.is_empty());
    assert!(
        printed.notes.starts_with("error: http://127.0.0.1:1/v1/filter did not answer"),
        "{}",
        printed.notes
    );
}

#[test]
fn a_mirror_is_made_in_no_folder_that_holds_something_else() {
    let folder = folder("mirror");
    fs::write(folder.join("trace.jsonl"), trace("two services")).unwrap();
    let mirror = ["--mirror", "FILES/.", "--mirror-api=http://127.0.0.1:1"];
    let printed = wit_sim(&folder, &[&["replay", "FILES/trace.jsonl", NOBODY][..], &mirror].concat());
    assert!(!printed.succeeded && printed.out.is_empty());
    assert!(
        printed.notes.ends_with(" holds trace.jsonl: give a folder for the mirror alone\n"),
        "{}",
        printed.notes
    );
}

/// Answers one question after another: every node passes, none is preferred.
fn answer(mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (mut line, mut path, mut length) = (String::new(), String::new(), 0);
        while reader.read_line(&mut line).ok()? > 2 {
            if path.is_empty() {
                line.split(' ').nth(1)?.clone_into(&mut path);
            }
            let header = line.to_ascii_lowercase();
            if let Some(told) = header.strip_prefix("content-length:") {
                length = told.trim().parse().ok()?;
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let nodes = serde_json::from_slice::<Value>(&body).ok()?["NodeNames"].clone();
        let priority = |node: &Value| json!({"Host": node, "Score": 0});
        let answer = match path.rsplit('/').next() {
            Some("filter") => json!({"NodeNames": nodes}),
            _ => nodes.as_array()?.iter().map(priority).collect(),
        };
        let answer = answer.to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", answer.len());
        stream.write_all(format!("{head}\r\n\r\n{answer}").as_bytes()).ok()?;
    }
}

#[test]
fn an_extender_that_prefers_nothing_is_compared_and_changes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("--via-http=http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream));
        }
    });
    let folder = folder("over-http-compared");
    fs::write(folder.join("trace.jsonl"), trace("two services")).unwrap();
    let command = ["compare", "FILES/trace.jsonl", "default", "--seeds=2", &url, "--node-cache-capable"];
    let alike = ["--fail-if", "via-http.G != default.G", "--output=json"];
    let printed = wit_sim(&folder, &[command.as_slice(), &alike].concat());
    assert!(printed.succeeded, "{}", printed.notes);
    let comparison: Value = serde_json::from_str(&printed.out).unwrap();
    assert_eq!(comparison["strategies"]["via-http"], comparison["strategies"]["default"]);
    let nobody = wit_sim(&folder, &["compare", "FILES/trace.jsonl", "default", NOBODY]);
    assert!(!nobody.succeeded && nobody.notes.contains("/v1/filter did not answer"), "{}", nobody.notes);
}

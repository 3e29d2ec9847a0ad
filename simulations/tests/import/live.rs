//! A live cluster, played by a server that answers lists.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Printed, wit_sim};

/// What the server answers to a path: a list, in two pages where there are two objects; `None` for what is forbidden.
pub(crate) type Answer = fn(&str) -> Option<Vec<Value>>;

/// Answers every request, each on a connection of its own; nothing ever changes for those who watch. The address.
pub(crate) fn serve(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || respond(&mut stream.unwrap(), answer));
        }
    });
    format!("http://{address}")
}

fn respond(stream: &mut TcpStream, answer: Answer) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let head: Vec<String> = lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
    let words: Vec<&str> = head.first().map(|line| line.split(' ').collect()).unwrap_or_default();
    let [method, target, _] = words.as_slice() else { return };
    assert_eq!(*method, "GET", "a live cluster is only read");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if query.contains("watch=") {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
            .unwrap();
        // Until whoever watches is gone.
        let _ = std::io::copy(stream, &mut std::io::sink());
        return;
    }
    let (status, body) = match answer(path) {
        Some(mut items) => {
            let is_second = query.contains("continue=");
            let mut token = "";
            if items.len() > 1 {
                token = if is_second { "" } else { "more" };
                items = vec![items.remove(usize::from(is_second))];
            }
            ("200 OK", json!({"metadata": {"continue": token, "resourceVersion": "1"}, "items": items}))
        }
        None => (
            "403 Forbidden",
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "you may not", "reason": "Forbidden", "code": 403}),
        ),
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close");
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
}

/// A kubeconfig of a server that answers so.
pub(crate) fn kubeconfig(name: &str, answer: Answer) -> PathBuf {
    let kubeconfig = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.kubeconfig"));
    let server = serve(answer);
    let content = json!({"apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}], "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]});
    fs::write(&kubeconfig, content.to_string()).unwrap();
    kubeconfig
}

fn import(name: &str, answer: Answer) -> Printed {
    let kubeconfig = kubeconfig(name, answer);
    let words = ["import", "cluster", "--kubeconfig", kubeconfig.to_str().unwrap()];
    wit_sim(&words.map(ToOwned::to_owned))
}

#[test]
fn a_live_cluster_is_listed_page_by_page_and_its_pods_stay_where_they_are() {
    let printed = import("live", |path| {
        let pod = |name: &str| {
            json!({"metadata": {"name": name, "namespace": "shop"},
            "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "a:1"}]}})
        };
        let node = json!({"metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "9"}}});
        Some(match path {
            "/api/v1/nodes" => vec![node],
            "/api/v1/pods" => vec![pod("one"), pod("two")],
            _ => Vec::new(),
        })
    });
    assert!(printed.succeeded, "{}", printed.notes);
    assert!(printed.out.contains(r#"{"format":"cluster","name":"127.0.0.1"}"#), "{}", printed.out);
    for pod in ["one", "two"] {
        let expected = format!(r#"{{"pod":"shop/{pod}","node":"n1","template""#);
        assert!(printed.out.contains(&expected), "{}", printed.out);
    }
}

#[test]
fn every_kind_that_may_not_be_listed_is_told() {
    let printed =
        import("forbidden", |path| (!path.ends_with("/jobs") && !path.ends_with("/pods")).then(Vec::new));
    assert!(!printed.succeeded && printed.out.is_empty());
    for kind in ["pods: cannot be listed: ", "jobs: cannot be listed: ", "you may not"] {
        assert!(printed.notes.contains(kind), "{}", printed.notes);
    }
}

#[test]
fn a_kubeconfig_that_is_not_there_is_told() {
    let words = ["import", "cluster", "--kubeconfig", "/none/config"].map(ToOwned::to_owned);
    let printed = wit_sim(&words);
    assert!(printed.notes.starts_with("error: no cluster can be read"), "{}", printed.notes);
}

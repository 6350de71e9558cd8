//! One server per port.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Starts a server that listens with two sockets.
fn start(addr: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_http-resume"))
        .args(["--addr", addr, "--threads", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Returns whether the server listens. It ends otherwise.
fn listens(server: &mut Child) -> bool {
    let mut line = String::new();
    let stdout = server.stdout.take().expect("it is piped");
    BufReader::new(stdout).read_line(&mut line).unwrap();
    !line.is_empty()
}

#[test]
fn of_servers_that_start_at_once_one_listens() {
    for _ in 0..10 {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = free.local_addr().unwrap().to_string();
        drop(free);
        let mut servers: Vec<Child> = (0..4).map(|_| start(&addr)).collect();
        let mut listening = Vec::new();
        let mut ended = Vec::new();
        for server in &mut servers {
            match listens(server) {
                true => listening.push(server),
                false => ended.push(server),
            }
        }
        assert_eq!(listening.len(), 1);
        for server in ended {
            assert_eq!(server.wait().unwrap().code(), Some(1));
            let stderr = server.stderr.take().expect("it is piped");
            let mut said = BufReader::new(stderr).lines().map(Result::unwrap);
            assert!(said.any(|line| line.contains("in use")));
        }
        for server in listening {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }
}

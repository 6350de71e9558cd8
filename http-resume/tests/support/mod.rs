//! A client that sees every byte, and servers to test with it.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_resume::{
    Config, Metrics, Outcome, Pending, Request, Response, Router, Server, Stopper, sync_handler,
};

/// Longer than anything takes that does not hang.
pub(crate) const HANGS: Duration = Duration::from_secs(30);

/// Waits until other threads have made the condition true.
pub(crate) fn until(mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < HANGS,
            "the condition did not become true"
        );
        std::thread::yield_now();
    }
}

pub(crate) const NEVER: Duration = Duration::from_secs(3600);

/// A configuration in which nothing times out, and a stop waits for nothing.
pub(crate) fn patient() -> Config {
    Config {
        header_timeout: NEVER,
        body_timeout: NEVER,
        keep_alive_timeout: NEVER,
        send_timeout: NEVER,
        suspend_timeout: NEVER,
        request_timeout: NEVER,
        shutdown_timeout: Duration::ZERO,
        ..Config::default()
    }
}

/// A server in this process. Stops when dropped.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) metrics: Arc<Metrics>,
    stopper: Stopper,
    thread: Option<JoinHandle<Result<(), http_resume::Error>>>,
}

impl Running {
    pub(crate) fn new(router: Router) -> Self {
        Self::with(Config::default(), router)
    }

    pub(crate) fn with(config: Config, router: Router) -> Self {
        let config = Config {
            addr: ([127, 0, 0, 1], 0).into(),
            threads: 1,
            ..config
        };
        let server = Server::bind(config, router).expect("a port is free");
        Self {
            addr: server.local_addr(),
            metrics: server.metrics(),
            stopper: server.stopper(),
            thread: Some(std::thread::spawn(|| server.run())),
        }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.addr)
    }

    pub(crate) fn stop(&self) {
        self.stopper.stop();
    }

    pub(crate) fn wait(mut self) {
        let thread = self.thread.take().expect("the thread is joined once");
        thread
            .join()
            .expect("the server does not panic")
            .expect("the server does not fail");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts a server whose requests below `/later/` the test resumes. Their work is their
/// path, and then the body of the response; [`AGAIN`] suspends the request again.
pub(crate) fn server_with_later(config: Config) -> (Running, Receiver<Pending<String>>) {
    let (sender, receiver) = channel();
    let suspended = Arc::new(Mutex::new(sender));
    let of_post = Arc::clone(&suspended);
    let router = Router::new()
        .get("/", sync_handler(|_, response| response.text("hello")))
        .get("/later/{id}", move |request, response, work| {
            later(&suspended, request, response, work)
        })
        .post("/later/{id}", move |request, response, work| {
            later(&of_post, request, response, work)
        })
        .post(
            "/echo",
            sync_handler(|request, response| response.send(request.body().to_owned())),
        );
    (Running::with(config, router), receiver)
}

/// The work of a request that is to be suspended again.
pub(crate) const AGAIN: &str = "again";

fn later<'r>(
    suspended: &Mutex<Sender<Pending<String>>>,
    request: &Request<'_>,
    response: Response<'r, String>,
    work: Option<String>,
) -> Outcome<'r> {
    match work {
        Some(text) if text != AGAIN => response.text(text),
        _ => {
            let (pending, receipt) = response.mark_async(request.path().to_owned());
            let sender = suspended.lock().unwrap();
            sender.send(pending).expect("the test receives");
            receipt.suspended()
        }
    }
}

/// A server in a process of its own. Killed when dropped.
pub(crate) struct Program {
    pub(crate) addr: SocketAddr,
    child: Child,
    /// Kept open, so that writes to it do not fail.
    stdout: BufReader<ChildStdout>,
    stderr: Option<BufReader<ChildStderr>>,
}

impl Program {
    /// Starts the demonstration.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_http-resume")), options)
    }

    /// Starts the demonstration by a command, to which options are added.
    pub(crate) fn start_by(mut command: Command, options: &[&str]) -> Self {
        command.args(["--addr", "127.0.0.1:0"]).args(options);
        Self::spawn(command.env("RUST_LOG", "info"))
    }

    /// Starts a program that prints its address.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        stdout
            .read_line(&mut line)
            .expect("the program prints its address");
        let addr = line
            .trim_end()
            .strip_prefix("listening on http://")
            .expect(&line);
        let stderr = child.stderr.take().map(BufReader::new);
        Self {
            addr: addr.parse().expect(&line),
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.addr)
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.expect("there is a kill").success());
    }

    /// Closes the end of the log's pipe that is read.
    pub(crate) fn close_log(&mut self) {
        drop(self.take_log());
    }

    /// Returns the end of the log's pipe that is read.
    pub(crate) fn take_log(&mut self) -> BufReader<ChildStderr> {
        self.stderr.take().expect("the log is open")
    }

    /// Waits for a log line that contains `text`.
    pub(crate) fn wait_for_log(&mut self, text: &str) {
        let mut line = String::new();
        let stderr = self.stderr.as_mut().expect("the log is open");
        while !line.contains(text) {
            line.clear();
            let n = stderr.read_line(&mut line).expect("the log is text");
            assert!(n > 0, "the program ended without saying: {text}");
        }
    }

    pub(crate) fn wait(mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self
                .child
                .try_wait()
                .expect("the program is a child process")
            {
                return status;
            }
            assert!(started.elapsed() < HANGS, "the program does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Returns the value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        Self::new(TcpStream::connect(addr).expect("the server listens"))
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(HANGS)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream
            .get_mut()
            .write_all(bytes)
            .expect("the server reads");
    }

    /// Sends what the server accepts. It may have closed the connection.
    pub(crate) fn try_send(&mut self, text: &str) {
        let _ = self.stream.get_mut().write_all(text.as_bytes());
    }

    pub(crate) fn get(&mut self, path: &str) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    }

    /// Sends a GET and receives the response.
    pub(crate) fn fetch(&mut self, path: &str) -> Answer {
        self.get(path);
        self.answer()
    }

    pub(crate) fn close_our_half(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).unwrap();
    }

    /// Closes the connection with a reset.
    pub(crate) fn reset(self) {
        self.reset_on_close();
    }

    /// Makes the close a reset.
    pub(crate) fn reset_on_close(&self) {
        let socket = socket2::SockRef::from(self.socket());
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Receives the next response.
    pub(crate) fn answer(&mut self) -> Answer {
        self.next().expect("an answer, not the end")
    }

    /// Receives the next response to HEAD, which has no body.
    pub(crate) fn head(&mut self) -> Answer {
        let head = self.try_head().expect("no reset, and no silence");
        head.expect("an answer, not the end")
    }

    /// Receives the next response, or `None` at the end. Panics after a reset.
    pub(crate) fn next(&mut self) -> Option<Answer> {
        self.try_next()
            .expect("no reset, no silence, and whole answers")
    }

    /// Receives the next response, or `None` at the end. Fails after a reset, and if the
    /// response is cut off.
    pub(crate) fn try_next(&mut self) -> io::Result<Option<Answer>> {
        let Some(mut answer) = self.try_head()? else {
            return Ok(None);
        };
        let length = answer
            .field("content-length")
            .map_or(0, |value| value.parse().unwrap());
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        answer.body = String::from_utf8(body).expect("our answers are text");
        Ok(Some(answer))
    }

    /// Receives the head of the next response, or `None` at the end. Fails after a reset, and if
    /// the head is cut off.
    pub(crate) fn try_head(&mut self) -> io::Result<Option<Answer>> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match self.stream.read_line(&mut head)? {
                0 if head.is_empty() => return Ok(None),
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                _ => {}
            }
        }
        let status = head.strip_prefix("HTTP/1.1 ").expect(&head)[..3]
            .parse()
            .expect(&head);
        Ok(Some(Answer {
            status,
            head,
            body: String::new(),
        }))
    }

    /// Asserts that the server closes the connection without a reset or further bytes.
    #[track_caller]
    pub(crate) fn assert_closed(&mut self) {
        assert_eq!(self.rest(), "");
    }

    /// Returns whether the server has closed the connection already.
    pub(crate) fn is_closed(&mut self) -> bool {
        let stream = self.stream.get_mut();
        stream.set_nonblocking(true).unwrap();
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false).unwrap();
        matches!(peeked, Ok(0))
    }

    /// Receives everything until the end.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.stream
            .read_to_string(&mut rest)
            .expect("an end, not a reset");
        rest
    }
}

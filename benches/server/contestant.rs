//! A server in a process of its own, and what the kernel says about that.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, mem};

use crate::peers::PEERS;

/// The server that all this is about: the demonstration, as a program.
pub(crate) const OURS: &str = "http-resume";

/// Everyone, in the order of the rounds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let (floor, peers) = PEERS.split_first().expect("there are some");
    let peers = peers.iter().map(|(name, _)| *name);
    [floor.0, OURS].into_iter().chain(peers)
}

/// Builds the demonstration, and tells where it is.
pub(crate) fn build_ours() -> io::Result<PathBuf> {
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            OURS,
            "--bin",
            OURS,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    assert!(status.success(), "{OURS} does not build");
    let this = env::current_exe()?;
    let profile = this.ancestors().nth(2).expect("a bench is in PROFILE/deps");
    Ok(profile.join(OURS))
}

/// Killed when dropped.
pub(crate) struct Contestant {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Contestant {
    /// Starts the server of that name; this very program is the peers.
    pub(crate) fn start(name: &str, ours: &Path) -> io::Result<Self> {
        let mut command = if name == OURS {
            let mut command = Command::new(ours);
            command.args(["--addr", "127.0.0.1:0", "--threads", "1", "--workers", "2"]);
            command.env("RUST_LOG", "warn");
            command
        } else {
            let mut command = Command::new(env::current_exe()?);
            command.args(["--serve", name]);
            command
        };
        // SAFETY: between fork and exec, one system call and nothing else.
        unsafe { command.pre_exec(die_with_parent) };
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line)?;
        let addr = line.trim_end().strip_prefix("listening on http://");
        let addr = addr.and_then(|addr| addr.parse().ok());
        Ok(Self {
            addr: addr.unwrap_or_else(|| panic!("{name} does not listen, but says: {line}")),
            child,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that all its threads have used.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let id = self.id().try_into().expect("it is a pid_t");
        let mut clock = 0;
        // SAFETY: it writes to `clock`, which is valid.
        let result = unsafe { libc::clock_getcpuclockid(id, &raw mut clock) };
        if result != 0 {
            return Err(io::Error::from_raw_os_error(result));
        }
        // SAFETY: a struct of two numbers.
        let mut time: libc::timespec = unsafe { mem::zeroed() };
        // SAFETY: it writes to `time`, which is valid.
        if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let seconds = u64::try_from(time.tv_sec).expect("time used is positive");
        let nanos = u32::try_from(time.tv_nsec).expect("less than a second");
        Ok(Duration::new(seconds, nanos))
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So that a bench that is killed leaves no servers behind.
fn die_with_parent() -> io::Result<()> {
    // SAFETY: it takes a number, and touches no memory.
    match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

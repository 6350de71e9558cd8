//! Server processes.

use std::io;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, mem};

use crate::address;
use crate::contestants::CONTESTANTS;

/// The name of the server of this workspace, of its package and of its program.
pub(crate) const OURS: &str = "http-resume";

/// Returns the names of all servers, in the order of the rounds.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let (floor, others) = CONTESTANTS
        .split_first()
        .expect("the first one is the floor");
    let others = others.iter().map(|(name, _)| *name);
    [floor.0, OURS].into_iter().chain(others)
}

/// Builds the program of http-resume, and returns its path.
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
    let profile = this
        .ancestors()
        .nth(2)
        .expect("benches are built in PROFILE/deps");
    Ok(profile.join(OURS))
}

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Server {
    /// Starts the server of this name. All but ours are served by this program.
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
        // SAFETY: `die_with_parent` is async-signal-safe: it makes one system call.
        unsafe { command.pre_exec(die_with_parent) };
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let addr = address::read(child.stdout.take().expect("stdout is piped"))?;
        Ok(Self { child, addr })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the CPU time of all threads of the server.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let id = self.id().try_into().expect("a process id fits a pid_t");
        let mut clock = 0;
        // SAFETY: the call writes to `clock`, which is valid.
        let result = unsafe { libc::clock_getcpuclockid(id, &raw mut clock) };
        if result != 0 {
            return Err(io::Error::from_raw_os_error(result));
        }
        // SAFETY: a `timespec` consists of numbers, for which zero is valid.
        let mut time: libc::timespec = unsafe { mem::zeroed() };
        // SAFETY: the call writes to `time`, which is valid.
        if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let seconds = u64::try_from(time.tv_sec).expect("CPU time is not negative");
        let nanos = u32::try_from(time.tv_nsec).expect("nanoseconds are below 10^9");
        Ok(Duration::new(seconds, nanos))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the kernel kill this process when its parent dies.
fn die_with_parent() -> io::Result<()> {
    // SAFETY: the call takes a number and accesses no memory.
    match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

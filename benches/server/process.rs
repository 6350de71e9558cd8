//! Server processes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, mem};

use crate::address;
use crate::contestants::{CONTESTANTS, Contestant, OURS, Program};

/// The program of http-resume, as the measurements need it.
pub(crate) struct Ours {
    path: PathBuf,
    /// The number of threads that it has while it serves.
    pub(crate) threads: usize,
}

impl Ours {
    /// Builds the program, and counts its threads.
    pub(crate) fn build() -> io::Result<Self> {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release"])
            .args(["--package", OURS, "--bin", OURS])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()?;
        assert!(status.success(), "{OURS} does not build");
        let this = env::current_exe()?;
        let profile = this
            .ancestors()
            .nth(2)
            .expect("benches are built in PROFILE/deps");
        let path = profile.join(OURS);
        let threads = Server::spawn(start_ours(&path))?.threads()?;
        Ok(Self { path, threads })
    }
}

/// Returns the command that starts the program of http-resume at this path.
fn start_ours(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.args(["--addr", "127.0.0.1:0", "--threads", "1", "--workers", "2"]);
    command.env("RUST_LOG", "warn");
    command
}

/// Serves as the contestant of this name, which is not ours, until the process is killed.
/// `threads` is the number of threads of http-resume.
pub(crate) fn serve(name: &str, threads: usize) -> io::Result<()> {
    let contestant = CONTESTANTS.iter().find(|it| it.name == name);
    match contestant.expect("the name of a server").program {
        Program::Here(serve) => serve(threads),
        Program::Ours => unreachable!("{OURS} is a program of its own"),
    }
}

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Server {
    /// Starts a contestant. All but ours are served by this program.
    pub(crate) fn start(contestant: &Contestant, ours: &Ours) -> io::Result<Self> {
        Self::spawn(match contestant.program {
            Program::Ours => start_ours(&ours.path),
            Program::Here(_) => {
                let mut command = Command::new(env::current_exe()?);
                command.args(["--serve", contestant.name]);
                command.args(["--threads", &ours.threads.to_string()]);
                command
            }
        })
    }

    fn spawn(mut command: Command) -> io::Result<Self> {
        // SAFETY: `die_with_parent` is async-signal-safe: it makes one system call.
        unsafe { command.pre_exec(die_with_parent) };
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let addr = address::read(child.stdout.take().expect("stdout is piped"))?;
        Ok(Self { child, addr })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the number of threads, after a first response: the event loop starts after the
    /// address is printed.
    fn threads(&self) -> io::Result<usize> {
        let mut stream = TcpStream::connect(self.addr)?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")?;
        stream.read_exact(&mut [0])?;
        Ok(fs::read_dir(format!("/proc/{}/task", self.id()))?.count())
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

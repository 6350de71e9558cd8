//! Builds the models of a copy, and runs them until one fails.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use cargo_metadata::Message;
use wait_timeout::ChildExt;

use crate::copy::Copy;

/// For one file of models. Those of the code without a fault take a fraction of
/// it: [`Models::must_pass`].
const TIME: Duration = Duration::from_secs(600);

/// With the bound of [`Pass::Quick`].
const QUICK_TIME: Duration = Duration::from_secs(120);

/// The built models: one program for each file of them.
pub(crate) struct Models(Vec<Program>);

struct Program {
    name: String,
    path: PathBuf,
}

/// How much of each model is looked at.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    /// At most two preemptions. Nearly every fault shows.
    Quick,
    /// As in `cargo loom`.
    All,
}

/// What the models said to a mutant.
pub(crate) enum Verdict {
    Caught(String),
    Survived,
    NotBuilt,
}

impl Models {
    /// `None`, if the copy does not compile. (Cargo has told why.)
    pub(crate) fn build(copy: &Copy) -> Result<Option<Self>, Box<dyn Error>> {
        let mut cargo = Command::new(env!("CARGO"))
            .args(["loom", "--no-run", "--quiet", "--message-format=json"])
            .current_dir(&copy.root)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_TARGET_DIR")
            .stdout(Stdio::piped())
            .spawn()?;
        let output = BufReader::new(cargo.stdout.take().expect("it is piped"));
        let mut programs = Vec::new();
        for message in Message::parse_stream(output) {
            if let Message::CompilerArtifact(artifact) = message?
                && let Some(path) = artifact.executable
                && artifact.target.is_test()
            {
                programs.push(Program {
                    name: artifact.target.name,
                    path: path.into(),
                });
            }
        }
        if !cargo.wait()?.success() {
            return Ok(None);
        }
        programs.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(Self(programs)))
    }

    /// Without a fault, all models pass.
    pub(crate) fn must_pass(&self) -> Result<(), Box<dyn Error>> {
        for program in &self.0 {
            if let Some(failure) = program.run(Pass::All, TIME / 3)? {
                return Err(format!("without any fault: {failure}").into());
            }
        }
        Ok(())
    }

    /// Runs the models that have `file` to do with, first those that are likely
    /// to notice.
    pub(crate) fn judge(&self, file: &str) -> Result<Verdict, Box<dyn Error>> {
        let is_server = |program: &&Program| program.name.starts_with("server");
        let (server, queue): (Vec<_>, Vec<_>) = self.0.iter().partition(is_server);
        let programs = if file.starts_with("http-resume") {
            server // the queue's models do not contain it
        } else {
            [queue, server].concat()
        };
        for (pass, time) in [(Pass::Quick, QUICK_TIME), (Pass::All, TIME)] {
            for program in &programs {
                if let Some(failure) = program.run(pass, time)? {
                    return Ok(Verdict::Caught(failure));
                }
            }
        }
        Ok(Verdict::Survived)
    }
}

impl Program {
    /// How it failed, if it did.
    fn run(&self, pass: Pass, time: Duration) -> Result<Option<String>, Box<dyn Error>> {
        let mut log = tempfile::tempfile()?;
        let mut command = Command::new(&self.path);
        // One at a time: what stands last in the output is what crashed.
        command
            .arg("--test-threads=1")
            .stdout(log.try_clone()?)
            .stderr(Stdio::null());
        match pass {
            Pass::Quick => command.env("LOOM_MAX_PREEMPTIONS", "2"),
            Pass::All => command.env_remove("LOOM_MAX_PREEMPTIONS"),
        };
        let mut child = command.spawn()?;
        let status = child.wait_timeout(time)?;
        if status.is_none() {
            child.kill()?;
            child.wait()?;
        }
        log.rewind()?;
        let note = if pass == Pass::All {
            ", all executions"
        } else {
            ""
        };
        Ok(self.failure(status, log)?.map(|failure| failure + note))
    }

    fn failure(&self, status: Option<ExitStatus>, log: File) -> std::io::Result<Option<String>> {
        let log = std::io::read_to_string(log)?;
        let tests = || log.lines().filter_map(|line| line.strip_prefix("test "));
        let named = |test: &str| {
            let name = test.split(' ').next().unwrap_or_default();
            format!("`{}::{name}`", self.name)
        };
        let last = || tests().next_back().map_or_else(String::new, named);
        Ok(match status {
            Some(status) if status.success() => None,
            None => Some(format!("{}, did not end", last())),
            Some(_) => {
                let failed = tests().filter(|test| test.contains("... FAILED"));
                let failed: Vec<String> = failed.map(named).collect();
                Some(if log.contains("test result:") {
                    failed.join(", ")
                } else {
                    format!("{}, crashed", last())
                })
            }
        })
    }
}

//! Builds the models of a copy, and runs them until one fails.

use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::slice;
use std::time::Duration;

use cargo_metadata::Message;
use wait_timeout::ChildExt;

use crate::copy::Copy;
use crate::error::Error;

/// Time limit of one model with its own bound.
const TIME: Duration = Duration::from_secs(600);

/// Time limit of one model in [`Pass::Quick`].
const QUICK_TIME: Duration = Duration::from_secs(60);

/// Panic message of loom at a loop without progress, for example of a consumer that
/// waits for a link which is never stored. It says nothing about the fault: a model
/// that spins reaches the limit, too.
const BRANCH_LIMIT: &str = "Model exceeded maximum number of branches";

/// The files of models, in the order in which they are tried. The one that has caught a mutant
/// most recently is the first, because the next mutant is mostly one of the same source.
pub(crate) struct Files(Vec<String>);

struct Model {
    /// Name of its file.
    file: String,
    name: String,
    program: PathBuf,
}

/// How far each model is explored.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) enum Pass {
    /// With at most two preemptions. Nearly every fault shows.
    Quick,
    /// With the model's own bound.
    Full,
}

/// The result of one model.
pub(crate) enum Outcome {
    Passed,
    /// Failed, with a remark.
    Failed(&'static str),
    /// Neither passed nor failed, for this reason.
    Undecided(&'static str),
}

/// The result of the models for one mutant.
pub(crate) enum Verdict {
    /// Failing models.
    Caught(String),
    /// No model failed, but these neither passed.
    Undecided(String),
    Survived,
    NotBuilt,
}

impl Files {
    /// Returns those in `files`, or all if there are none, when their models have passed in
    /// `copy`, if there is a `pass`.
    pub(crate) fn of(copy: &Copy, files: &[String], pass: Option<Pass>) -> Result<Self, Error> {
        let models = build(copy, files)?.ok_or("the copy does not compile")?;
        for (model, pass) in models.iter().flat_map(|model| Some((model, pass?))) {
            let (Outcome::Failed(why) | Outcome::Undecided(why)) = model.run(pass)? else {
                continue;
            };
            return Err(format!("without any fault: {}{why}", model.text()).into());
        }
        let mut files: Vec<_> = models.into_iter().map(|model| model.file).collect();
        files.dedup();
        Ok(Self(files))
    }

    /// Builds and runs the models that contain `source`, until those of one file have failed,
    /// in one pass after the other up to `last`.
    pub(crate) fn judge(
        &mut self,
        copy: &Copy,
        source: &str,
        last: Pass,
    ) -> Result<Verdict, Error> {
        let of = |package: &str| -> Vec<String> {
            let files = self.0.iter().filter(|file| file.starts_with(package));
            files.cloned().collect()
        };
        let others = |file: &&String| !file.starts_with("server") && !file.starts_with("papers");
        // The models of the queue do not contain the server, and those of `papers` no other.
        let files = match source.split('/').next() {
            Some("papers") => of("papers"),
            Some("http-resume") => of("server"),
            _ => [
                self.0.iter().filter(others).cloned().collect(),
                of("server"),
            ]
            .concat(),
        };
        let mut undecided: Vec<(String, &str)> = Vec::new();
        let passes = [(Pass::Quick, ""), (Pass::Full, ", with its own bound")];
        for (pass, remark) in passes.into_iter().filter(|(pass, _)| *pass <= last) {
            for file in &files {
                let Some(mut models) = build(copy, slice::from_ref(file))? else {
                    return Ok(Verdict::NotBuilt);
                };
                if models.iter().any(|model| model.is_of(source)) {
                    models.retain(|model| model.is_of(source));
                }
                let mut failed = Vec::new();
                for model in models {
                    if undecided.iter().any(|(other, _)| *other == model.text()) {
                        continue;
                    }
                    match model.run(pass)? {
                        Outcome::Passed => {}
                        Outcome::Failed(how) => failed.push(model.text() + how + remark),
                        Outcome::Undecided(why) => undecided.push((model.text(), why)),
                    }
                }
                if !failed.is_empty() {
                    self.0.sort_by_key(|other| other != file);
                    return Ok(Verdict::Caught(failed.join(", ")));
                }
            }
        }
        if undecided.is_empty() {
            return Ok(Verdict::Survived);
        }
        let texts: Vec<_> = undecided
            .into_iter()
            .map(|(model, why)| model + why)
            .collect();
        Ok(Verdict::Undecided(texts.join(", ")))
    }
}

/// Builds the models in `files`, or all if there are none, and returns them sorted. Returns
/// `None` if the copy does not compile; cargo prints the reason.
fn build(copy: &Copy, files: &[String]) -> Result<Option<Vec<Model>>, Error> {
    let mut cargo = Command::new(env!("CARGO"))
        .args(["loom", "--no-run", "--quiet", "--message-format=json"])
        .args(files.iter().flat_map(|file| ["--test", file]))
        .current_dir(&copy.root)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .stdout(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(cargo.stdout.take().expect("stdout is piped"));
    let mut models = Vec::new();
    for message in Message::parse_stream(output) {
        if let Message::CompilerArtifact(artifact) = message?
            && let Some(program) = artifact.executable
            && artifact.target.is_test()
        {
            models.extend(list(&artifact.target.name, program.as_std_path())?);
        }
    }
    if !cargo.wait()?.success() {
        return Ok(None);
    }
    models.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
    Ok(Some(models))
}

/// Returns the models of a test program. The tests of loom itself contain none of the sources that
/// are mutated.
fn list(file: &str, program: &Path) -> Result<Vec<Model>, Error> {
    if file.starts_with("loom") {
        return Ok(Vec::new());
    }
    let output = Command::new(program)
        .args(["--list", "--format=terse"])
        .output()?;
    let output = String::from_utf8(output.stdout)?;
    let names = output
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    Ok(names
        .map(|name| Model {
            file: file.to_owned(),
            name: name.to_owned(),
            program: program.to_owned(),
        })
        .collect())
}

impl Model {
    /// Whether the model is named after `source` or its folder, as those of each algorithm of
    /// `papers` are.
    fn is_of(&self, source: &str) -> bool {
        let modules = source.strip_prefix("papers/src/");
        let modules = modules.and_then(|path| path.strip_suffix(".rs"));
        modules.is_some_and(|path| path.split('/').any(|name| self.name.starts_with(name)))
    }

    fn text(&self) -> String {
        format!("`{}::{}`", self.file, self.name)
    }

    fn run(&self, pass: Pass) -> Result<Outcome, Error> {
        let mut log = tempfile::tempfile()?;
        let mut command = Command::new(&self.program);
        command
            .args(["--exact", &self.name, "--nocapture"])
            .env("LOOM_NO_FLOOR", "1")
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        let time = match pass {
            Pass::Quick => {
                command.env("LOOM_MAX_PREEMPTIONS", "2");
                QUICK_TIME
            }
            Pass::Full => {
                command.env_remove("LOOM_MAX_PREEMPTIONS");
                TIME
            }
        };
        let mut child = command.spawn()?;
        let status = child.wait_timeout(time)?;
        if status.is_none() {
            child.kill()?;
            child.wait()?;
        }
        log.rewind()?;
        Ok(outcome(status, &std::io::read_to_string(log)?))
    }
}

/// Returns the result of a model with this exit status (`None`: it ran out of time) and
/// output.
pub(crate) fn outcome(status: Option<ExitStatus>, log: &str) -> Outcome {
    let Some(status) = status else {
        return Outcome::Undecided(", out of time");
    };
    if status.success() {
        return Outcome::Passed;
    }
    // The first panic: the others are its consequences.
    let mut lines = log.lines().skip_while(|line| !line.contains("panicked at"));
    if lines
        .nth(1)
        .is_some_and(|message| message.starts_with(BRANCH_LIMIT))
    {
        return Outcome::Undecided(", branch limit");
    }
    let has_result = log.contains("test result:");
    Outcome::Failed(if has_result { "" } else { ", crashed" })
}

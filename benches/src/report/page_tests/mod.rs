//! The page in a browser.

// Some scenarios of a default run need Linux.
#![cfg(target_os = "linux")]

mod made_up;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use super::Findings;
use super::answers::answers;
use super::contents::document;
use super::render::html;
use crate::contestant::Role;

/// What the page has to show.
struct Expected {
    /// The uses, each of which has an answer on the first screen.
    uses: Vec<String>,
    /// The titles of the scenarios, each followed by the labels of its rows.
    scenarios: Vec<Vec<String>>,
}

impl Expected {
    fn of(findings: &Findings) -> Self {
        let uses = answers(findings).iter().map(|it| it.have.into()).collect();
        let scenarios = findings.outcomes.iter().map(|outcome| {
            let labels = outcome.rows.iter().map(|row| match row.role {
                Role::Floor => format!("floor: {}", row.name),
                _ => row.name.into(),
            });
            [outcome.title()].into_iter().chain(labels).collect()
        });
        let scenarios = scenarios.collect();
        Self { uses, scenarios }
    }

    /// Returns the declaration that the probe reads. Rust and JavaScript write such strings in the
    /// same way.
    fn script(&self) -> String {
        let Self { uses, scenarios } = self;
        format!("const expected = {{ uses: {uses:?}, scenarios: {scenarios:?} }};")
    }
}

/// Writes the page and another one that looks at it in frames, and returns what a browser makes of
/// the other page: its content and its messages.
///
/// The frames have the widths of a laptop and of a phone. `scheme` is 0 for dark and 1 for light.
fn look(folder: &Path, scheme: u8) -> String {
    let findings = made_up::findings();
    let page = html(&document(&findings, None).unwrap());
    fs::write(folder.join("page.html"), &page).unwrap();
    let source = page.replace('&', "&amp;").replace('"', "&quot;");
    let frame = |width| format!("<iframe width={width} height=800 srcdoc=\"{source}\"></iframe>");
    let observer = format!(
        "<!doctype html><meta charset=utf-8><meta name=color-scheme content='light dark'>\
         <script>{}{}</script><body>{}{}",
        Expected::of(&findings).script(),
        include_str!("probe.js"),
        frame(1280),
        frame(400)
    );
    let file = folder.join("observer.html");
    fs::write(&file, observer).unwrap();
    let output = Command::new(browser())
        // Chromium refuses to run as root in its sandbox. The page is our own.
        .args(["--headless=new", "--no-sandbox", "--disable-gpu"])
        .args(["--enable-logging=stderr", "--window-size=1400,900"])
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--user-data-dir={}", folder.display()))
        .arg("--dump-dom")
        .arg(file)
        .output()
        .expect("the browser starts");
    let messages = String::from_utf8_lossy(&output.stderr);
    let messages = messages.lines().filter(|line| line.contains("CONSOLE"));
    let content = String::from_utf8_lossy(&output.stdout);
    let (_, seen) = content.split_once("<body>").expect("the page has a body");
    messages.chain([seen]).collect::<Vec<_>>().join("\n")
}

/// Finds Chromium in the path.
fn browser() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
        .expect("Chromium is installed")
}

fn assert_no_faults(name: &str, scheme: u8) {
    let folder = env::temp_dir().join(format!("mpsc-queue-page-{name}-{}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    let seen = look(&folder, scheme);
    let fine = seen.contains("\"faults\": []")
        && seen.contains(&format!("\"{name}\""))
        && seen.contains("4 plots")
        && !seen.contains("CONSOLE");
    assert!(fine, "{}: {seen}", folder.display());
    fs::remove_dir_all(&folder).unwrap();
}

/// The first screen has an answer for each use in a default run, and the tables have rows of each
/// kind; the tests with a browser look for these.
#[test]
fn made_up_findings_are_of_each_kind() {
    let findings = made_up::findings();
    let Expected { uses, scenarios } = Expected::of(&findings);
    for one in [
        "A channel of small values",
        "A thread that sleeps, few items",
    ] {
        assert!(uses.iter().any(|it| it == one), "{uses:?}");
    }
    let find = |scenario: &str| {
        let mut scenarios = scenarios.iter();
        let found = scenarios.find(|labels| labels[0].starts_with(scenario));
        found.unwrap_or_else(|| panic!("no scenario {scenario}"))
    };
    for payload in ["small value", "32-byte value", "boxed value"] {
        find(&format!("channel/mpsc, {payload}"));
    }
    let channels = find("channel/mpsc, small value");
    assert!(
        channels
            .iter()
            .any(|it| it == "mpsc-queue, channel, boxing")
    );
    find("awake");
    let rows = findings.outcomes.iter().flat_map(|outcome| &outcome.rows);
    for role in [
        Role::Ours,
        Role::OursChained,
        Role::OursOnly,
        Role::Other,
        Role::Literature,
        Role::Floor,
    ] {
        assert!(rows.clone().any(|row| row.role == role), "{role:?}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn page_reads_well_in_light_scheme() {
    assert_no_faults("light", 1);
}

#[test]
#[ignore = "needs Chromium"]
fn page_reads_well_in_dark_scheme() {
    assert_no_faults("dark", 0);
}

//! The page in a browser.

mod made_up;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

use super::contents::document;
use super::render::html;

/// Writes the page and another one that looks at it in frames, and returns what a browser makes of
/// the other page: its content and its messages.
///
/// The frames have the widths of a laptop and of a phone. `scheme` is 0 for dark and 1 for light.
fn look(folder: &Path, scheme: u8) -> String {
    let page = document(&made_up::findings(), None).unwrap();
    let page = html(&page);
    fs::write(folder.join("page.html"), &page).unwrap();
    let source = page.replace('&', "&amp;").replace('"', "&quot;");
    let frame = |width| format!("<iframe width={width} height=800 srcdoc=\"{source}\"></iframe>");
    let observer = format!(
        "<!doctype html><meta charset=utf-8><meta name=color-scheme content='light dark'>\
         <script>{}</script><body>{}{}",
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

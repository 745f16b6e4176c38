//! Pages in a real browser: Debian's Chromium without a window.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::world::{Outcome, Running};

/// No network of its own, nothing of an earlier run, no first questions.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--enable-logging=stderr",
];

/// A page in a frame of a width and a colour scheme.
pub struct Frame<'a> {
    /// The page.
    pub html: &'a str,
    /// How wide, in pixels.
    pub width: u32,
    /// `light` or `dark`.
    pub scheme: &'static str,
}

/// What a browser made of a frame.
#[derive(Debug, Deserialize)]
pub struct Seen {
    /// Whether the page was told to be dark.
    pub is_dark: bool,
    /// The colour of the body.
    pub ground: String,
    /// How wide the frame is.
    pub width: f64,
    /// How wide the content is.
    pub content: f64,
    /// How high the content is.
    pub height: f64,
    /// The drawings that are shown.
    pub drawings: Vec<String>,
    /// Texts of drawings that leave their drawing or meet another text.
    pub misplaced: Vec<String>,
    /// The smallest letters of a drawing, in pixels.
    pub smallest: f64,
}

/// What a browser left behind.
pub struct Visit {
    /// What it saw, a frame each.
    pub seen: Vec<Seen>,
    /// What it complained about, a line each.
    pub console: Vec<String>,
    /// A picture of the frames side by side, 3,280 pixels wide and 2,400 high.
    pub picture: Vec<u8>,
    /// The frames on paper.
    pub paper: Vec<u8>,
}

/// What measures the frames once all are there. It leaves text without markup behind.
const MEASURE: &str = r"
const seen = frame => {
  const view = frame.contentWindow, page = frame.contentDocument;
  const drawings = [...page.querySelectorAll('svg[role=img]')]
    .filter(svg => svg.getClientRects().length > 0);
  const misplaced = [];
  let smallest = 1000;
  for (const svg of drawings) {
    const outer = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')]
      .map(text => ({ text, box: text.getBoundingClientRect() }));
    for (const [at, { text, box }] of texts.entries()) {
      const size = parseFloat(text.getAttribute('font-size'));
      smallest = Math.min(smallest, size * outer.width / svg.viewBox.baseVal.width);
      const leaves = box.left < outer.left - 1 || box.right > outer.right + 1
        || box.top < outer.top - 1 || box.bottom > outer.bottom + 1;
      const meets = texts.slice(at + 1).some(other => box.left < other.box.right
        && other.box.left < box.right && box.top + 2 < other.box.bottom
        && other.box.top + 2 < box.bottom);
      if (leaves || meets) misplaced.push(text.textContent);
    }
  }
  return {
    is_dark: view.matchMedia('(prefers-color-scheme: dark)').matches,
    ground: view.getComputedStyle(page.body).backgroundColor,
    width: view.innerWidth,
    content: page.scrollingElement.scrollWidth,
    height: page.scrollingElement.scrollHeight,
    drawings: drawings.map(svg => svg.getAttribute('aria-labelledby').split(' ')[0]),
    misplaced, smallest,
  };
};
window.onload = () => {
  const all = [...document.querySelectorAll('iframe')].map(seen);
  document.getElementById('seen').textContent =
    JSON.stringify(all).replace(/[<>&]/g, '?');
};
";

/// Shows pages side by side in one browser and tells what came of it.
#[track_caller]
pub fn visit(frames: &[Frame]) -> Visit {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let each = frames.iter().map(|frame| {
        format!(
            "<iframe style=\"flex:none;border:0;width:{}px;height:600px;color-scheme:{}\" \
             srcdoc=\"{}\"></iframe>",
            frame.width,
            frame.scheme,
            frame.html.replace('&', "&amp;").replace('"', "&quot;")
        )
    });
    let frames_html: String = each.collect();
    let html = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\">\
         <body style=\"margin:0;display:flex;flex-wrap:wrap\">{frames_html}\
         <pre id=\"seen\"></pre><script>{MEASURE}</script>"
    );
    fs::write(path("frames.html"), html).unwrap();
    let (dump, seen) = measured(folder.path(), &path("frames.html"));
    let console = dump.stderr.lines().filter(|line| line.contains("CONSOLE"));
    Visit {
        seen: serde_json::from_str(&seen).unwrap_or_else(|err| panic!("{err}: {seen}")),
        console: console.map(str::to_string).collect(),
        picture: fs::read(path("frames.png")).unwrap(),
        paper: fs::read(path("frames.pdf")).unwrap(),
    }
}

/// Runs the browser until it measured. On a busy machine it may die before it showed anything, which
/// says nothing about the page; three times in a row do.
#[track_caller]
fn measured(folder: &Path, page: &Path) -> (Outcome, String) {
    let mut last = None;
    for attempt in 1..=3 {
        let dump = run(&folder.join(attempt.to_string()), folder, page);
        let seen = dump.stdout.split_once("<pre id=\"seen\">");
        let seen = seen.and_then(|(_, rest)| rest.split_once("</pre>"));
        let seen = seen.map(|(seen, _)| seen.to_string());
        let has_written = ["frames.png", "frames.pdf"].map(|name| folder.join(name).is_file());
        match seen.filter(|seen| !seen.is_empty()) {
            Some(seen) if dump.code == 0 && has_written == [true; 2] => return (dump, seen),
            _ => {}
        }
        last = Some(dump);
    }
    panic!("nothing was measured: {last:?}");
}

fn run(profile: &Path, folder: &Path, page: &Path) -> Outcome {
    let option = |name: &str, path: PathBuf| format!("--{name}={}", path.display());
    let mut command = Command::new(chromium());
    command
        .args(FLAGS)
        .arg(option("user-data-dir", profile.to_path_buf()))
        .arg(option("screenshot", folder.join("frames.png")))
        .arg(option("print-to-pdf", folder.join("frames.pdf")))
        .arg("--dump-dom")
        .arg("--window-size=3280,2400")
        .arg(format!("file://{}", page.display()))
        .env("HOME", folder);
    Running::start(command).wait()
}

/// Where Chromium is. A machine without one cannot say whether the page is well, and must not.
#[track_caller]
fn chromium() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).map(|folder| folder.join("chromium"));
    let found = places.into_iter().find(|place| place.is_file());
    found.expect("expected `chromium` on the PATH; on Debian: apt-get install chromium")
}

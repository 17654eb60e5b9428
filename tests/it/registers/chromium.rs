//! Pages printed by a real browser.
//!
//! Where no Chromium is installed the look at the page is skipped, loudly; on a build machine (`CI=true`) that is a
//! failure, as with PostgreSQL.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A4 at 96 dots an inch, landscape.
const WINDOW: (u32, u32) = (1123, 794);

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|file| file.is_file())
}

/// Renders a page to paper and to a picture: so many sheets of A4, not blank.
#[track_caller]
pub fn looks_printed(name: &str, page: &str, sheets: &RangeInclusive<usize>) {
    let Some(browser) = browser() else {
        assert!(std::env::var_os("CI").is_none(), "the build machine has no chromium");
        eprintln!("SKIPPED: no chromium found, {name} was not looked at");
        return;
    };
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("page.html");
    std::fs::write(&file, page).expect("written");
    let (pdf, png) = (place.path().join("page.pdf"), place.path().join("page.png"));
    run(&browser, place.path(), &[&format!("--print-to-pdf={}", pdf.display()), "--no-pdf-header-footer"], &file);
    let size = format!("--window-size={},{}", WINDOW.0, WINDOW.1);
    run(&browser, place.path(), &[&format!("--screenshot={}", png.display()), &size, "--hide-scrollbars"], &file);
    let pdf = std::fs::read(pdf).expect("a PDF");
    let text = String::from_utf8_lossy(&pdf);
    let found = text.matches("/Type /Page\n").count() + text.matches("/Type /Page ").count();
    assert!(sheets.contains(&found), "{found} sheets of paper");
    let boxes: Vec<&str> = text.split("/MediaBox").skip(1).map(|rest| rest[..24].trim()).collect();
    assert!(boxes.iter().all(|found| found.starts_with("[0 0 841.9") || found.starts_with("[0 0 842")), "{boxes:?}");
    let png = std::fs::read(png).expect("a picture");
    let width = u32::from_be_bytes(png[16..20].try_into().expect("four bytes"));
    let height = u32::from_be_bytes(png[20..24].try_into().expect("four bytes"));
    assert_eq!((width, height), WINDOW);
    // A blank page packs into next to nothing; text and lines do not.
    assert!(png.len() > 20_000, "{} bytes: the page is blank", png.len());
    if let Some(keep) = std::env::var_os("MOTCUA_KEEP_PAGES") {
        std::fs::copy(&file, Path::new(&keep).join(format!("{name}.html"))).expect("kept");
        std::fs::write(Path::new(&keep).join(format!("{name}.png")), &png).expect("kept");
        std::fs::write(Path::new(&keep).join(format!("{name}.pdf")), &pdf).expect("kept");
    }
}

fn run(browser: &Path, place: &Path, arguments: &[&str], page: &Path) {
    let flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ];
    let profile = tempfile::tempdir_in(place).expect("a profile");
    let done = Command::new(browser)
        .args(flags)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .expect("chromium starts");
    assert!(done.status.success(), "chromium: {}", String::from_utf8_lossy(&done.stderr));
}

//! A proof bundle checked on its own: a zip with a frozen report and the chains behind it. Everything that it claims
//! is found again: the hash of every file, each chain from its first entry to its head, and every cell and indicator
//! with the dossiers behind it.
//!
//! The files, in this order: `content.json` (what was frozen, canonical JSON), `definitions.json` (what the columns
//! and indicators mean, for people), `catalogue.ndjson` and `events.ndjson` (lines as in a full copy), and
//! `manifest.json` (names, sizes and hashes of the others, and what is claimed). No personal row is among them.

mod claims;
mod content;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufReader, Read, Seek};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::book::Book;
use super::canonical_time;
use super::chain::{ChainCheck, Head, check_heads};
use super::line::{Line, Lines};
use claims::check_claims;
use content::Content;

pub const FORMAT: &str = "motcua-proof";
pub const VERSION: u32 = 1;
/// The files of a bundle, in their order.
pub const FILES: [&str; 5] = ["content.json", "definitions.json", "catalogue.ndjson", "events.ndjson", "manifest.json"];

/// What a bundle says of itself. Its text is the canonical JSON of exactly these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: String,
    pub version: u32,
    /// Id of the snapshot.
    pub snapshot: String,
    pub agency: String,
    pub label: String,
    pub report: String,
    pub known_at: String,
    /// SHA-256 of `content.json`: the one that was sealed.
    pub content_hash: String,
    /// Claimed cells and indicators, and the heads that they rest on.
    pub cells: usize,
    pub indicators: usize,
    pub heads: usize,
    pub files: Vec<FileHash>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileHash {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// The first thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// A file of the bundle, or `(zip)`.
    pub file: String,
    /// The line, entry or cell.
    pub place: String,
    pub detail: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, detail } = self;
        if place.is_empty() { write!(f, "{file}: {detail}") } else { write!(f, "{file}, {place}: {detail}") }
    }
}

impl std::error::Error for Fault {}

fn fault(file: &str, place: impl Into<String>, detail: impl fmt::Display) -> Fault {
    Fault { file: file.to_owned(), place: place.into(), detail: detail.to_string() }
}

/// What holds after all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proven {
    pub snapshot: String,
    pub agency: String,
    pub label: String,
    pub report: String,
    pub known_at: String,
    /// To be compared with the one that was sealed and published.
    pub content_hash: String,
    pub events: u64,
    pub dossiers: u64,
    pub cells: usize,
    pub indicators: usize,
    pub heads: Vec<Head>,
}

/// Checks a bundle; `kept` are heads that were kept elsewhere. `progress` is told the bytes of the files read so far.
///
/// # Errors
/// The first fault.
pub fn verify(bundle: impl Read + Seek, kept: &[Head], mut progress: impl FnMut(u64)) -> Result<Proven, Fault> {
    let zip_fault = |detail: &dyn fmt::Display| fault("(zip)", "", detail);
    let mut zip = ZipArchive::new(bundle).map_err(|error| zip_fault(&format!("not a zip archive: {error}")))?;
    if zip.len() != FILES.len() {
        return Err(zip_fault(&format!("{} files instead of {}", zip.len(), FILES.len())));
    }
    for (i, name) in FILES.iter().enumerate() {
        let found = zip.name_for_index(i).and_then(Result::ok).unwrap_or_default();
        if found != *name {
            return Err(zip_fault(&format!("file {} is `{found}` instead of `{name}`", i + 1)));
        }
    }
    let manifest = read_manifest(&mut zip)?;
    let mut done = 0;
    let mut whole = |zip: &mut ZipArchive<_>, name: &str| -> Result<Vec<u8>, Fault> {
        let expected = manifest.file(name)?;
        let mut bytes = Vec::new();
        let mut file = open(zip, name)?.take(expected.bytes.saturating_add(1));
        file.read_to_end(&mut bytes).map_err(|error| fault(name, "", error))?;
        expected.check(bytes.len() as u64, &hex::encode(Sha256::digest(&bytes)))?;
        done += expected.bytes;
        progress(done);
        Ok(bytes)
    };
    let text = whole(&mut zip, "content.json")?;
    whole(&mut zip, "definitions.json")?;
    let catalogue = whole(&mut zip, "catalogue.ndjson")?;
    let content = Content::read(&text).map_err(|detail| fault("content.json", "", detail))?;
    check_manifest(&manifest, &content, &text)?;
    let mut book = Book::new();
    read_catalogue(&catalogue, &mut book)?;
    let chains = read_events(&mut zip, &manifest, &content, &mut book, kept, |bytes| progress(done + bytes))?;
    check_claims(&content, &book, &chains.agencies)?;
    Ok(Proven {
        snapshot: manifest.snapshot,
        agency: manifest.agency,
        label: manifest.label,
        report: manifest.report,
        known_at: manifest.known_at,
        content_hash: manifest.content_hash,
        events: chains.events,
        dossiers: chains.agencies.len() as u64,
        cells: manifest.cells,
        indicators: manifest.indicators,
        heads: chains.heads,
    })
}

/// The size of a bundle's files, unpacked: what [`verify`] tells of goes up to it. None when it cannot be told.
#[must_use]
pub fn size(bundle: impl Read + Seek) -> Option<u64> {
    let mut zip = ZipArchive::new(bundle).ok()?;
    (0..zip.len()).map(|i| zip.by_index_raw(i).ok().map(|file| file.size())).sum()
}

fn open<'a, R: Read + Seek>(zip: &'a mut ZipArchive<R>, name: &str) -> Result<impl Read + use<'a, R>, Fault> {
    zip.by_name(name).map_err(|error| fault(name, "", error))
}

fn read_manifest<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<Manifest, Fault> {
    /// Far more than it ever has.
    const MOST: u64 = 1 << 20;
    let name = "manifest.json";
    let mut bytes = Vec::new();
    open(zip, name)?.take(MOST).read_to_end(&mut bytes).map_err(|error| fault(name, "", error))?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| fault(name, "", error))?;
    let canonical = serde_json_canonicalizer::to_vec(&manifest).map_err(|error| fault(name, "", error))?;
    if canonical != bytes {
        return Err(fault(name, "", "not written in canonical form"));
    }
    if manifest.format != FORMAT || manifest.version != VERSION {
        let detail = format!("format {} {} is not {FORMAT} {VERSION}", manifest.format, manifest.version);
        return Err(fault(name, "", detail));
    }
    let named = manifest.files.iter().map(|file| file.name.as_str());
    if !named.eq(FILES[..4].iter().copied()) {
        return Err(fault(name, "files", "does not name the files of a bundle"));
    }
    Ok(manifest)
}

impl Manifest {
    fn file(&self, name: &str) -> Result<&FileHash, Fault> {
        let found = self.files.iter().find(|file| file.name == name);
        found.ok_or_else(|| fault("manifest.json", "files", format!("{name} is missing")))
    }
}

impl FileHash {
    fn check(&self, bytes: u64, sha256: &str) -> Result<(), Fault> {
        if self.bytes != bytes {
            return Err(fault(&self.name, "", format!("{bytes} bytes instead of {}", self.bytes)));
        }
        if self.sha256 != sha256 {
            return Err(fault(&self.name, "", format!("SHA-256 {sha256}; the manifest says {}", self.sha256)));
        }
        Ok(())
    }
}

/// The manifest says of the content only what it holds.
fn check_manifest(manifest: &Manifest, content: &Content, text: &[u8]) -> Result<(), Fault> {
    let hash = hex::encode(Sha256::digest(text));
    let cells: usize = content.dossiers.iter().map(Vec::len).sum();
    let pairs = [
        ("content_hash", &manifest.content_hash, &hash),
        ("snapshot", &manifest.snapshot, &content.id),
        ("agency", &manifest.agency, &content.agency),
        ("label", &manifest.label, &content.label),
        ("report", &manifest.report, &content.report.report),
        ("known_at", &manifest.known_at, &content.report.known_at),
    ];
    for (name, said, found) in pairs {
        if said != found {
            return Err(fault("manifest.json", name, format!("`{said}`; the content gives `{found}`")));
        }
    }
    let counts = [
        ("cells", manifest.cells, cells),
        ("indicators", manifest.indicators, content.indicators.len()),
        ("heads", manifest.heads, content.head_count()),
    ];
    for (name, said, found) in counts {
        if said != found {
            return Err(fault("manifest.json", name, format!("{said}; the content has {found}")));
        }
    }
    Ok(())
}

fn read_catalogue(bytes: &[u8], book: &mut Book) -> Result<(), Fault> {
    let name = "catalogue.ndjson";
    let mut lines = Lines::new(bytes);
    while let Some(line) = lines.next() {
        let number = lines.number();
        let wrong = |detail: &dyn fmt::Display| fault(name, format!("line {number}"), detail);
        match line {
            Ok(Line::Catalogue(row)) => book.add_catalogue(&row).map_err(|detail| wrong(&detail))?,
            Ok(_) => return Err(wrong(&"not a line of a catalogue")),
            Err(bad) => return Err(wrong(&bad.detail)),
        }
    }
    Ok(())
}

/// What the chains hold.
struct Chains {
    events: u64,
    /// The agency of each dossier.
    agencies: BTreeMap<String, String>,
    heads: Vec<Head>,
}

/// Checks the chains entry by entry while the file's hash is taken; a broken entry is named rather than the file.
fn read_events<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    manifest: &Manifest,
    content: &Content,
    book: &mut Book,
    kept: &[Head],
    mut progress: impl FnMut(u64),
) -> Result<Chains, Fault> {
    let name = "events.ndjson";
    let known_at = content.known_at().map_err(|detail| fault("content.json", "known_at", detail))?;
    let mut reader = Hashing { inner: open(zip, name)?, hasher: Sha256::new(), bytes: 0 };
    let mut check = ChainCheck::expecting(kept);
    let (mut events, mut agencies) = (0, BTreeMap::new());
    {
        let mut lines = Lines::new(BufReader::new(&mut reader));
        while let Some(line) = lines.next() {
            let number = lines.number();
            let wrong = |detail: &dyn fmt::Display| fault(name, format!("line {number}"), detail);
            let event = match line {
                Ok(Line::Event(event)) => event,
                Ok(_) => return Err(wrong(&"not an entry of a chain")),
                Err(bad) => return Err(wrong(&bad.detail)),
            };
            let entry = format!("line {number}, entry {}/{}", event.agency, event.seq);
            check.push(&event).map_err(|finding| fault(name, &entry, finding.detail))?;
            if canonical_time(&event.recorded_at).is_ok_and(|at| at > known_at) {
                return Err(fault(name, &entry, "recorded after the instant at which the report is known"));
            }
            if !content.counts(&event.agency) {
                return Err(fault(name, &entry, "of an agency that the report does not count"));
            }
            book.add_event(&event).map_err(|detail| fault(name, &entry, detail))?;
            agencies.entry(event.dossier).or_insert(event.agency);
            events += 1;
            progress(lines.bytes());
        }
    }
    manifest.file(name)?.check(reader.bytes, &hex::encode(reader.hasher.finalize()))?;
    let heads = check.finish();
    let claimed = content.heads().map_err(|detail| fault("content.json", "heads", detail))?;
    if let Some(finding) = check_heads(&heads, &claimed).into_iter().next() {
        return Err(fault(name, format!("entry {}/{}", finding.agency, finding.seq), finding.detail));
    }
    if heads != claimed {
        return Err(fault("content.json", "heads", "are not the ends of the chains"));
    }
    // Heads that were kept later than the report lie beyond these chains: they say nothing of them.
    let within: Vec<Head> = kept.iter().filter(|head| head.recorded_at <= known_at).cloned().collect();
    let ours: Vec<Head> = within.into_iter().filter(|head| content.counts(&head.agency)).collect();
    if let Some(finding) = check_heads(&heads, &ours).into_iter().next() {
        return Err(fault(name, format!("entry {}/{}", finding.agency, finding.seq), finding.detail));
    }
    Ok(Chains { events, agencies, heads })
}

/// Passes bytes on, and hashes them.
struct Hashing<R> {
    inner: R,
    hasher: Sha256,
    bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

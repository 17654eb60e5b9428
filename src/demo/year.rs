//! A year of one agency: its stories in the order of time, recorded in batches.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};

use super::fate::Fate;
use super::office::Office;
use super::people::Cast;
use super::story::{self, Scene};
use crate::app::record::{Ask, Book, File};
use crate::app::{App, AppError};
use crate::domain::time::{Instant, local_text};
use crate::store::{StoreError, Tx};

/// Events of one write, which may take its time: what it stamps lies in the past.
const BATCH: usize = 1000;
/// Why a paper dossier was entered days after the fact.
const LATE_ENTRY: &str = "Mất kết nối mạng, nhập lại từ sổ giấy";

/// One dossier on its way.
#[derive(Debug)]
struct Life {
    fate: Fate,
    file: Option<File>,
    /// What comes next; none when the story is over.
    scene: Option<Scene>,
}

/// What a life was before the running batch touched it.
#[derive(Debug)]
struct Before {
    life: usize,
    events: usize,
    scene: Option<Scene>,
}

type Queue = BinaryHeap<Reverse<(Instant, usize)>>;

/// The stories of an agency. A batch may run again after a roll-back, so what it changes can be taken back.
#[derive(Debug)]
pub struct Year {
    agency: &'static str,
    end: Instant,
    office: Office,
    cast: Cast,
    lives: Vec<Life>,
    queue: Queue,
    /// Begun by committed batches, and their events.
    pub dossiers: u64,
    pub events: u64,
    journal: Vec<Before>,
    queue_before: Queue,
}

impl Year {
    /// `births` are the submissions with the fates of their dossiers; what comes after `end` is not recorded.
    #[must_use]
    pub fn new(agency: &'static str, end: Instant, office: Office, cast: Cast, births: Vec<(Instant, Fate)>) -> Self {
        let mut lives = Vec::with_capacity(births.len());
        let mut queue = Queue::new();
        for (i, (at, fate)) in births.into_iter().enumerate() {
            if at <= end {
                queue.push(Reverse((at, i)));
            }
            let scene = Some(story::opening(&fate, agency, at));
            lives.push(Life { fate, file: None, scene });
        }
        let (journal, queue_before) = (Vec::new(), queue.clone());
        Self { agency, end, office, cast, lives, queue, dossiers: 0, events: 0, journal, queue_before }
    }

    /// Records everything; `progress` hears the number of dossiers begun.
    ///
    /// # Errors
    /// An event is refused, which is a mistake of the story, or the database fails.
    pub fn run(self, app: &App, mut progress: impl FnMut(u64)) -> Result<(u64, u64), AppError> {
        let agency = self.agency;
        let shared = Arc::new(Mutex::new(self));
        loop {
            let (year, app2) = (Arc::clone(&shared), app.clone());
            app.store.write_long_blocking(agency, move |tx| {
                let mut year = year.lock().unwrap_or_else(PoisonError::into_inner);
                year.roll_back();
                year.batch(tx, &app2)
            })?;
            let mut year = shared.lock().unwrap_or_else(PoisonError::into_inner);
            year.commit();
            progress(year.dossiers);
            if year.queue.is_empty() {
                return Ok((year.dossiers, year.events));
            }
        }
    }

    /// Records the next events in an open transaction.
    pub(super) fn batch(&mut self, tx: &mut Tx<'_>, app: &App) -> Result<(), AppError> {
        let Some(Reverse((first, _))) = self.queue.peek() else { return Ok(()) };
        app.clock.set(*first);
        let mut book = Book::open(tx, app, self.agency)?;
        for _ in 0..BATCH {
            let Some(Reverse((at, i))) = self.queue.pop() else { break };
            app.clock.set(at);
            self.play(tx, app, &mut book, i)?;
        }
        Ok(book.close(tx)?)
    }

    /// Records the scene of a life and finds the next.
    fn play(&mut self, tx: &mut Tx<'_>, app: &App, book: &mut Book, i: usize) -> Result<(), AppError> {
        let Some(life) = self.lives.get_mut(i) else { return Ok(()) };
        let Some(scene) = life.scene.take() else { return Ok(()) };
        let events = life.file.as_ref().map_or(0, |file| file.events.len());
        self.journal.push(Before { life: i, events, scene: Some(scene.clone()) });
        let standing = self.cast.standing(scene.who);
        let failed = describe(&scene, &life.fate, life.file.as_ref());
        let ask = Ask {
            payload: scene.payload,
            occurred_at: scene.happened,
            late_entry_reason: scene.happened.map(|_| LATE_ENTRY.to_owned()),
            origin: None,
        };
        match &mut life.file {
            None => life.file = Some(book.start(tx, app, ask, standing).map_err(failed)?),
            Some(file) => book.append(tx, app, file, ask, standing).map_err(failed)?,
        }
        let Some(file) = &life.file else { return Ok(()) };
        let Some(now) = file.events.last().map(|event| event.recorded_at) else { return Ok(()) };
        life.scene = story::next(&life.fate, file, now, &self.office, &self.cast);
        if let Some(next) = &life.scene
            && next.at <= self.end
        {
            self.queue.push(Reverse((next.at, i)));
        }
        Ok(())
    }

    /// Takes back what a batch did that was not committed.
    pub(super) fn roll_back(&mut self) {
        if self.journal.is_empty() {
            return;
        }
        for before in self.journal.drain(..).rev() {
            let Some(life) = self.lives.get_mut(before.life) else { continue };
            life.scene = before.scene;
            if before.events == 0 {
                life.file = None;
            } else if let Some(file) = &mut life.file {
                file.events.truncate(before.events);
                let last = file.events.last().map_or(0, |event| event.n);
                file.personal.retain(|n, _| *n <= last);
            }
        }
        self.queue = self.queue_before.clone();
    }

    /// Keeps what the batch did, and forgets the files of stories that are over.
    pub(super) fn commit(&mut self) {
        for before in self.journal.drain(..) {
            self.events += 1;
            self.dossiers += u64::from(before.events == 0);
            if let Some(life) = self.lives.get_mut(before.life)
                && life.scene.as_ref().is_none_or(|scene| scene.at > self.end)
            {
                life.file = None;
            }
        }
        self.queue_before = self.queue.clone();
    }
}

/// Says which event of which story was refused: such a mistake is one of the program.
fn describe(scene: &Scene, fate: &Fate, file: Option<&File>) -> impl FnOnce(AppError) -> AppError + use<> {
    let kind = scene.payload.kind().as_str();
    let (at, procedure, events) = (scene.at, fate.procedure.code.clone(), file.map_or(0, |file| file.events.len()));
    move |error| match error {
        AppError::Refused(refusal) => AppError::Store(StoreError::Other(format!(
            "demo: {kind} of {procedure} at {} after {events} events: {refusal:?}",
            local_text(at)
        ))),
        other => other,
    }
}

use std::collections::BTreeMap;

use super::*;
use crate::app::record::File;
use crate::clock::Clock;
use crate::domain::code::CodePattern;
use crate::domain::dossier::{Class, Dossier, OnTimeStatus};
use crate::domain::event::{Channel, Payload};
use crate::domain::time::at_local;
use crate::store::rows::HeadRow;
use crate::store::{DatabaseUrl, Store, migrate};
use crate::vault::{KeySource, Vault};

/// A demonstration in a file of its own, which goes with it.
struct Demo {
    app: App,
    path: std::path::PathBuf,
    made: Made,
}

impl Demo {
    fn new(name: &str, dossiers: u32) -> Self {
        let path = std::env::temp_dir().join(format!("motcua-demo-{name}-{}.db", std::process::id()));
        let url = DatabaseUrl::Sqlite(path.display().to_string());
        migrate::up(&url).unwrap();
        let start = at_local(date(2023, 11, 20), chrono::NaiveTime::MIN);
        let vault = Vault::open(KeySource::given(&"00".repeat(32)), || [0; 32]).unwrap();
        let clock = Clock::simulated(start, 7);
        let app = App::open(Store::open(&url).unwrap(), clock, CodePattern::default(), vault).unwrap();
        let mut heard = 0;
        let made = make(&app, dossiers, &mut |begun| heard = begun).unwrap();
        assert_eq!(heard, made.dossiers);
        Self { app, path, made }
    }

    fn heads(&self) -> Vec<HeadRow> {
        self.app.store.read_blocking(|tx| tx.heads_all()).unwrap()
    }

    fn files(&self) -> Vec<File> {
        let load = |tx: &mut crate::store::Tx<'_>| {
            let mut files = Vec::new();
            for profile in &PROFILES {
                for id in tx.dossier_ids_after(profile.agency, None, 100_000)? {
                    files.push(File::load(tx, &self.app.vault, profile.agency, id.0)?);
                }
            }
            Ok::<_, StoreError>(files)
        };
        self.app.store.read_blocking(load).unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.path.display()));
        }
    }
}

#[test]
fn every_mix_is_handled_at_its_level() {
    let (agencies, procedures) = (install::agencies().unwrap(), install::procedures().unwrap());
    for profile in &PROFILES {
        let agency = agencies.iter().find(|agency| agency.code == profile.agency).unwrap();
        for (code, _) in profile.mix.procedures() {
            let procedure = procedures.iter().find(|procedure| procedure.code == *code).unwrap();
            assert!(procedure.levels.contains(&agency.level), "{code} at {}", agency.name);
        }
    }
    assert_eq!(PROFILES.iter().map(|profile| profile.weight).sum::<u32>(), 1000);
    for agency in &agencies {
        assert_eq!(agency.check(), [], "{}", agency.code);
    }
    for procedure in &procedures {
        assert_eq!(procedure.check(), [], "{}", procedure.code);
    }
}

#[test]
fn a_year_has_something_of_everything() {
    let demo = Demo::new("year", 300);
    let files = demo.files();
    assert_eq!(demo.made.dossiers, 300);
    assert_eq!(files.len(), 300);
    assert_eq!(demo.made.events, files.iter().map(|file| file.events.len() as u64).sum::<u64>());

    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for event in files.iter().flat_map(|file| &file.events) {
        *kinds.entry(event.payload.kind().as_str()).or_default() += 1;
    }
    for kind in ["received", "refused", "forwarded", "supplemented", "extended", "finished", "returned", "rated"] {
        assert!(kinds.contains_key(kind), "no {kind} among {kinds:?}");
    }
    for kind in ["payment_recorded", "payment_requested", "digitised", "withdrawn", "voided"] {
        assert!(kinds.contains_key(kind), "no {kind} among {kinds:?}");
    }
    let dossiers: Vec<Dossier> = files.iter().filter_map(File::dossier).collect();
    for channel in Channel::ALL {
        assert!(dossiers.iter().any(|dossier| dossier.channel == *channel), "no {}", channel.as_str());
    }
    let asked = dossiers.iter().filter(|dossier| dossier.rounds > 0).count();
    assert!((15..60).contains(&asked), "{asked} supplements");
    assert!(dossiers.iter().any(|dossier| dossier.first_finish.as_ref().is_some_and(|f| f.class == Class::Late)));
    assert!(dossiers.iter().any(|dossier| dossier.components.iter().any(|part| part.reuse.is_some())));
    let last = files.iter().flat_map(|file| &file.events).map(|event| event.recorded_at).max().unwrap();
    assert!(last <= demo.app.clock.now());
}

#[test]
fn the_ward_passes_by_one_measure_and_fails_by_the_other() {
    let demo = Demo::new("ward", 300);
    let end = end_of_day(period().1);
    let ward = demo.files().into_iter().filter(|file| file.agency == TWO_FACED_WARD);
    let ward: Vec<Dossier> = ward.filter_map(|file| file.dossier()).filter(|dossier| !dossier.voided).collect();
    let in_year = |dossier: &&Dossier| {
        dossier.first_finish.as_ref().is_some_and(|finish| finish.at >= at_local(period().0, chrono::NaiveTime::MIN))
    };
    let finished: Vec<&Dossier> = ward.iter().filter(in_year).collect();
    let late = |dossier: &&&Dossier| dossier.first_finish.as_ref().is_some_and(|finish| finish.class == Class::Late);
    let on_time = finished.len() - finished.iter().filter(late).count();
    let overdue = ward.iter().filter(|dossier| dossier.on_time_status(end) == OnTimeStatus::Overdue).count();
    assert!(on_time * 100 >= finished.len() * 95, "K1a {on_time} of {}", finished.len());
    let due = finished.len() + overdue;
    assert!(on_time * 100 < due * 95, "K1b {on_time} of {due}");
}

#[test]
fn the_same_data_on_every_run() {
    let (one, other) = (Demo::new("one", 40), Demo::new("other", 40));
    assert_eq!(one.made, other.made);
    assert_eq!(one.heads(), other.heads());
    assert_eq!(one.heads().len(), PROFILES.len());
}

#[test]
fn a_batch_that_is_rolled_back_runs_again() {
    let demo = Demo::new("retry", 0);
    let (agencies, procedures) = (install::agencies().unwrap(), install::procedures().unwrap());
    let procedures: Vec<Arc<Procedure>> = procedures.into_iter().map(Arc::new).collect();
    let start = at_local(date(2023, 11, 20), chrono::NaiveTime::MIN);
    let year = year_of(&demo.app, &PROFILES[0], &agencies, &procedures, (1, 200), start).unwrap();
    let year = Arc::new(std::sync::Mutex::new(year));
    let (shared, app, mut runs) = (Arc::clone(&year), demo.app.clone(), 0);
    let first = demo.app.store.write_long_blocking(TWO_FACED_WARD, move |tx| {
        let mut year = shared.lock().unwrap();
        year.roll_back();
        year.batch(tx, &app)?;
        runs += 1;
        if runs == 1 { Err(AppError::Store(StoreError::Retry("lost".into()))) } else { Ok(runs) }
    });
    assert_eq!(first.unwrap(), 2);
    let mut year = Arc::into_inner(year).unwrap().into_inner().unwrap();
    year.commit();
    let (dossiers, events) = year.run(&demo.app, |_| ()).unwrap();
    assert_eq!(dossiers, 200);
    assert_eq!(demo.heads()[0].seq.unsigned_abs(), events);
    assert_eq!(demo.files().iter().map(|file| file.events.len() as u64).sum::<u64>(), events);
}

#[test]
fn users_have_names_of_their_own_and_every_actor_is_one_of_them() {
    let demo = Demo::new("users", 60);
    let mut names: Vec<&str> = demo.made.users.iter().map(|user| user.username.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), demo.made.users.len());
    let actors: Vec<String> = demo.made.users.iter().map(DemoUser::actor).collect();
    for file in demo.files() {
        assert!(file.events.iter().all(|event| actors.contains(&event.actor)));
        assert!(matches!(file.events[0].payload, Payload::Submitted(_)));
    }
}

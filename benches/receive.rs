//! `POST /dossiers` with `receive`: how many a second, and how long each takes.
//!
//! ```text
//! cargo bench --bench receive                                   # SQLite, a fresh file
//! MOTCUA_BENCH_DATABASE_URL=postgres://… cargo bench --bench receive   # an empty PostgreSQL database
//! ```
//! Bounded: 32 connections for ten seconds, server and clients in this process, on 127.0.0.1.

use std::time::{Duration, Instant};

use motcua::app::catalogue::load_file;
use motcua::app::passwords::{Cost, hash_once};
use motcua::clock::Clock;
use motcua::config::Settings;
use motcua::startup::{Application, open};
use motcua::store::indicators;
use motcua::store::rows::UserRow;
use motcua::store::sql_types::Id;

const CONNECTIONS: usize = 32;
const SECONDS: u64 = 10;
const AGENCIES: usize = 20;
const PASSWORD: &str = "bench-password";

fn main() {
    // `cargo test --benches` asks for a listing or a dry run; a measurement is neither.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("motcua-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let url = std::env::var("MOTCUA_BENCH_DATABASE_URL")
        .unwrap_or_else(|_| format!("sqlite:{}", folder.join("bench.db").display()));
    let key = folder.join("bench.key").display().to_string();
    std::fs::write(&key, motcua::http::keys::new_key(&Clock::system().random())).expect("a key file");
    let settings = Settings::read(&|name| match name {
        "MOTCUA_DATABASE_URL" => Some(url.clone()),
        "MOTCUA_LISTEN" => Some("127.0.0.1:0".into()),
        "MOTCUA_SIGNING_KEY_FILE" => Some(key.clone()),
        _ => None,
    })
    .expect("settings");
    let (port, stop) = serve(settings);
    let tokens: Vec<String> = (0..AGENCIES).map(|i| sign_in(port, i)).collect();
    measure(port, &tokens);
    stop();
    std::fs::remove_dir_all(&folder).expect("the folder was ours");
}

fn serve(settings: Settings) -> (u16, impl FnOnce()) {
    let (send, receive) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = open(&settings, Clock::system()).await.expect("the database opens");
            load_file(&app, &catalogue(), &indicators::ids()).await.expect("the catalogue is good");
            for i in 0..AGENCIES {
                let user = clerk(i);
                app.store
                    .write("", move |tx| tx.user_insert(&user).map_err(motcua::app::AppError::from))
                    .await
                    .expect("a user");
            }
            let application = Application::build(&settings, app).expect("the server starts");
            send.send((application.port, application.server.handle())).expect("the main thread listens");
            application.run().await.expect("the server runs");
        });
    });
    let (port, handle) = receive.recv().expect("the server came up");
    let stop = move || {
        actix_web::rt::System::new().block_on(handle.stop(true));
        thread.join().expect("the server ended");
    };
    (port, stop)
}

fn catalogue() -> String {
    let agencies: String = (0..AGENCIES)
        .map(|i| format!("- {{code: H99.{i}, name: Phường {i}, level: commune, parent: H99}}\n"))
        .collect();
    format!(
        "agencies:\n- {{code: H99, name: Tỉnh, level: province}}\n{agencies}procedures:\n\
         - {{code: \"1.000001\", name: Thủ tục, field: Hộ tịch, levels: [commune], service_level: full, \
         processing_time: {{amount: 3, unit: working_days}}, fees: [{{code: LP, kind: le_phi, amount: 50000}}], \
         components: [{{code: TP1, name: Tờ khai}}]}}\n"
    )
}

fn clerk(i: usize) -> UserRow {
    let cost = Cost::default();
    let clock = Clock::system();
    UserRow {
        id: Id(clock.new_id()),
        username: format!("clerk{i:02}"),
        display_name: "clerk".into(),
        password_hash: hash_once(cost, &clock, PASSWORD).expect("argon2 works"),
        roles: format!("[{{\"role\":\"clerk\",\"agency\":\"H99.{i}\"}}]"),
        active: true,
        revision: 1,
        created_at: 0,
        stamp: 1,
    }
}

fn sign_in(port: u16, i: usize) -> String {
    let form = [("grant_type", "password"), ("username", &format!("clerk{i:02}")), ("password", PASSWORD)];
    let mut answer = ureq::post(format!("http://127.0.0.1:{port}/oauth/token")).send_form(form).expect("signed in");
    let body: serde_json::Value = answer.body_mut().read_json().expect("JSON");
    body["access_token"].as_str().expect("a token").to_owned()
}

fn measure(port: u16, tokens: &[String]) {
    let url = format!("http://127.0.0.1:{port}/api/v1/dossiers");
    let begun = Instant::now();
    let limit = Duration::from_secs(SECONDS);
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|c| {
                let (agency, token, url) = (c % AGENCIES, &tokens[c % AGENCIES], &url);
                scope.spawn(move || {
                    let agent = ureq::Agent::new_with_defaults();
                    let body = serde_json::json!({
                        "agency": format!("H99.{agency}"), "procedure": "1.000001", "channel": "in_person",
                        "applicant": {"kind": "citizen", "name": "Nguyễn Văn An",
                            "ids": [{"type": "citizen_id", "number": "001099012345"}], "phone": "0912345678"},
                        "components": [{"code": "TP1", "originals": 1, "digitised": true}], "receive": true,
                    });
                    let mut times = Vec::new();
                    while begun.elapsed() < limit {
                        let sent = Instant::now();
                        let answer =
                            agent.post(url).header("Authorization", format!("Bearer {token}")).send_json(&body);
                        assert_eq!(answer.expect("an answer").status(), 201);
                        times.push(sent.elapsed());
                    }
                    times
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    let seconds = begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "POST /dossiers with receive, {CONNECTIONS} connections: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {} in {seconds:.1} s",
        times.len() as f64 / seconds,
        at(0.5),
        at(0.99),
        times.len(),
    );
}

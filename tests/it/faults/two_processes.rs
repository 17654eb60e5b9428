//! Two processes on one PostgreSQL, or one that was killed and whose last statement still runs there.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use motcua::store::DatabaseUrl;

use super::load::{Desk, Reply, audit};
use crate::harness::child::Process;
use crate::harness::{no_postgres, postgres_world};

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many statements wait for a lock.
fn waiting(conn: &mut PgConnection) -> i64 {
    let sql = "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    diesel::sql_query(sql).get_result::<Waiting>(conn).expect("the statistics").count
}

/// The same key at two processes, both past their first look before either has written: one dossier, one event.
#[test]
fn one_key_at_two_processes_is_recorded_once() {
    let Some(world) = postgres_world() else { return no_postgres() };
    let DatabaseUrl::Postgres(url) = &world.database else { unreachable!("asked for PostgreSQL") };
    let processes = [Process::serve(&world, &[]), Process::serve(&world, &[])];
    // The same desk twice: the same dice, the same keys.
    let mut desks = [Desk::new(&world, 5, 0), Desk::new(&world, 5, 0)];
    let mut holder = PgConnection::establish(url).expect("a connection");
    let mut looker = PgConnection::establish(url).expect("a connection");
    // The first request is a new dossier; some of those after it are events.
    for place in 0..4 {
        if place > 0 {
            holder.batch_execute("BEGIN; UPDATE heads SET seq = seq WHERE agency_id = 'H26.103'").expect("a lock");
        }
        std::thread::scope(|scope| {
            for (desk, process) in desks.iter_mut().zip(&processes) {
                desk.draw();
                scope.spawn(move || assert!(matches!(desk.send(&process.base, place), Reply::Recorded)));
            }
            if place > 0 {
                let begun = Instant::now();
                while waiting(&mut looker) < 2 {
                    assert!(
                        begun.elapsed() < Duration::from_secs(30),
                        "the requests do not wait for the agency's head"
                    );
                    std::thread::sleep(Duration::from_millis(5));
                }
                holder.batch_execute("COMMIT").expect("the lock is given back");
            }
        });
        assert_eq!(desks[0].answer(place), desks[1].answer(place));
    }
    let [desk, _] = desks;
    audit(&world, &[desk]);
}

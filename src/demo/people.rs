//! Invented people: users of the agencies and applicants. Every number is plainly made up.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::dice::Dice;
use super::profile::{PROFILES, PROVINCES, Profile};
use crate::domain::actor::{Grant, Role, Standing};
use crate::domain::applicant::{Applicant, ApplicantKind, Identity, IdentityKind};
use crate::domain::time::Instant;

const FAMILY: [&str; 14] =
    ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Ngô", "Dương", "Lý", "Phan", "Võ"];
const MIDDLE: [(&str, bool); 8] = [
    ("Văn", true),
    ("Đức", true),
    ("Minh", true),
    ("Quang", true),
    ("Thị", false),
    ("Ngọc", false),
    ("Thu", false),
    ("Thanh", false),
];
const MEN: [&str; 12] = ["An", "Bình", "Cường", "Dũng", "Hải", "Hùng", "Khánh", "Long", "Nam", "Phúc", "Sơn", "Tuấn"];
const WOMEN: [&str; 12] = ["Anh", "Chi", "Dung", "Hà", "Hạnh", "Hoa", "Hương", "Lan", "Mai", "Nga", "Thảo", "Yến"];
const TRADES: [&str; 6] = ["Thương mại", "Xây dựng", "Nông sản", "Vận tải", "May mặc", "Dịch vụ"];

/// A user that the caller is to store; every one may sign in with the demonstration's password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoUser {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
    /// Roles, each with the agency at which it is held.
    pub grants: Vec<Grant>,
}

impl DemoUser {
    /// As events name them.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("user:{}", self.id)
    }

    fn standing(&self) -> Standing {
        let roles = self.grants.iter().map(|grant| grant.role).collect();
        Standing { actor: self.actor(), roles, import: false, system: false }
    }
}

/// Who does something in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Clerk,
    Officer,
    Leader,
    /// The second leader, who voids.
    Deputy,
    Portal,
}

/// Those who act at one agency.
#[derive(Debug, Clone)]
pub struct Cast {
    clerk: Standing,
    officer: Standing,
    leader: Standing,
    deputy: Standing,
    portal: Standing,
    /// Where dossiers are forwarded to.
    pub officer_name: String,
    pub leader_name: String,
}

impl Cast {
    #[must_use]
    pub fn of(profile: &Profile, made_at: Instant) -> Self {
        let [clerk, officer, leader, deputy] = staff(profile, made_at);
        let portal = province_users(root_of(profile.agency), made_at).map(|[_, _, portal]| portal.standing());
        Self {
            clerk: clerk.standing(),
            officer: officer.standing(),
            leader: leader.standing(),
            deputy: deputy.standing(),
            portal: portal.unwrap_or_default(),
            officer_name: officer.username,
            leader_name: leader.username,
        }
    }

    #[must_use]
    pub fn standing(&self, who: Who) -> &Standing {
        match who {
            Who::Clerk => &self.clerk,
            Who::Officer => &self.officer,
            Who::Leader => &self.leader,
            Who::Deputy => &self.deputy,
            Who::Portal => &self.portal,
        }
    }

    #[must_use]
    pub fn is_portal(&self, actor: &str) -> bool {
        self.portal.actor == actor
    }
}

/// Every user of the demonstration: `admin` over all provinces; per province an auditor, an admin and a portal; per
/// receiving agency a clerk, an officer, a leader and a deputy.
#[must_use]
pub fn users(made_at: Instant) -> Vec<DemoUser> {
    let everywhere = PROVINCES.iter().map(|(root, ..)| Grant { role: Role::Admin, agency: (*root).to_owned() });
    let mut all = vec![DemoUser {
        id: id_of("admin", made_at),
        username: "admin".into(),
        display_name: "Quản trị hệ thống".into(),
        grants: everywhere.collect(),
    }];
    for (root, ..) in PROVINCES {
        all.extend(province_users(root, made_at).into_iter().flatten());
    }
    for profile in &PROFILES {
        all.extend(staff(profile, made_at));
    }
    all
}

fn staff(profile: &Profile, made_at: Instant) -> [DemoUser; 4] {
    [("clerk", Role::Clerk), ("officer", Role::Officer), ("leader", Role::Leader), ("deputy", Role::Leader)].map(
        |(part, role)| {
            let username = format!("{part}.{}", profile.slug);
            // Named after the username: always the same person.
            let mut dice = Dice::new(seed_of(&username), 0);
            user(&username, name(&mut dice).0, role, profile.agency, made_at)
        },
    )
}

fn province_users(root: &str, made_at: Instant) -> Option<[DemoUser; 3]> {
    let (root, slug, place) = PROVINCES.iter().find(|(code, ..)| *code == root)?;
    let make = |part: &str, title: &str, role| {
        user(&format!("{part}.{slug}"), format!("{title} {place}"), role, root, made_at)
    };
    Some([
        make("auditor", "Kiểm soát thủ tục", Role::Auditor),
        make("admin", "Quản trị", Role::Admin),
        make("portal", "Cổng dịch vụ công", Role::Portal),
    ])
}

fn user(username: &str, display_name: String, role: Role, agency: &str, made_at: Instant) -> DemoUser {
    let grants = vec![Grant { role, agency: agency.to_owned() }];
    DemoUser { id: id_of(username, made_at), username: username.to_owned(), display_name, grants }
}

fn root_of(agency: &str) -> &str {
    agency.split('.').next().unwrap_or(agency)
}

/// The same id for the same name on every run.
fn id_of(username: &str, made_at: Instant) -> Uuid {
    let mut random = [0; 10];
    random.copy_from_slice(&Sha256::digest(username)[..10]);
    uuid::Builder::from_unix_timestamp_millis(made_at.timestamp_millis().unsigned_abs(), &random).into_uuid()
}

fn seed_of(text: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&Sha256::digest(text)[..8]);
    u64::from_le_bytes(bytes)
}

/// A full name, and whether it is a man's.
pub fn name(dice: &mut Dice) -> (String, bool) {
    let (middle, man) = *dice.pick(&MIDDLE);
    let given = if man { dice.pick(&MEN) } else { dice.pick(&WOMEN) };
    (format!("{} {middle} {given}", dice.pick(&FAMILY)), man)
}

/// Someone who asks. Identity numbers begin with `000` and phones with `0000`, which are given to nobody.
pub fn applicant(kind: ApplicantKind, place: &str, dice: &mut Dice) -> Applicant {
    let (person, _) = name(dice);
    let number = |kind, number| Identity { kind, number };
    let (name, id) = match kind {
        ApplicantKind::Citizen | ApplicantKind::Agency | ApplicantKind::Organisation => {
            (person, number(IdentityKind::CitizenId, format!("000{}", dice.digits(9))))
        }
        ApplicantKind::Household => {
            (format!("Hộ kinh doanh {person}"), number(IdentityKind::CitizenId, format!("000{}", dice.digits(9))))
        }
        ApplicantKind::Business => {
            let trade = dice.pick(&TRADES);
            let given = dice.pick(&MEN);
            let name = format!("Công ty TNHH {trade} {given} {}", dice.between(2, 99));
            (name, number(IdentityKind::TaxCode, format!("0000{}", dice.digits(6))))
        }
    };
    Applicant {
        kind,
        name,
        ids: vec![id],
        phone: dice.chance(0.9).then(|| format!("0000{}", dice.digits(6))),
        email: dice.chance(0.2).then(|| format!("nguoidan{}@example.com", dice.digits(5))),
        address: Some(format!("Tổ dân phố số {}, {place}", dice.between(1, 24))),
    }
}

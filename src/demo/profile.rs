//! The receiving agencies of the demonstration and what each is like.
//!
//! Rates are shares from 0 to 1. They are chosen so that some targets of the shipped plans are met and others missed,
//! and so that the ward Minh Đức (`H31.24.5`) passes K1a (on time over finished) and fails K1b (on time over finished
//! and open overdue): it hardly ever finishes late, because what is late it leaves open.

/// An agency that receives dossiers.
#[derive(Debug)]
pub struct Profile {
    pub agency: &'static str,
    /// Part of the usernames.
    pub slug: &'static str,
    /// Place names in addresses.
    pub place: &'static str,
    /// Share of all dossiers, in thousandths.
    pub weight: u32,
    pub mix: Mix,
    /// Online share of `full` and of `partial` procedures.
    pub online_full: f64,
    pub online_partial: f64,
    /// Of the online ones: answered within 8 working hours.
    pub answered: f64,
    /// Finished late.
    pub late: f64,
    /// Left open; of the dossiers that take days.
    pub left_open: f64,
    /// Asked for a supplement; of the dossiers that take days.
    pub supplement: f64,
    /// Components scanned at the counter.
    pub scanned: f64,
    /// Results issued electronically: where the procedure allows it, and elsewhere.
    pub electronic: f64,
    pub electronic_other: f64,
    /// Paper results digitised.
    pub digitised: f64,
    /// Fees paid through a portal.
    pub paid_online: f64,
    /// Applicants who rate, and those of them who are satisfied.
    pub rated: f64,
    pub satisfied: f64,
}

/// Procedures an agency receives, by weight.
#[derive(Debug, Clone, Copy)]
pub enum Mix {
    Commune,
    District,
    /// A provincial one-stop centre.
    Centre,
    /// A department of justice.
    Justice,
}

impl Mix {
    #[must_use]
    pub fn procedures(self) -> &'static [(&'static str, u32)] {
        match self {
            Self::Commune => &[
                ("2.000815", 26),
                ("2.000884", 13),
                ("1.001193", 9),
                ("1.000656", 4),
                ("1.000894", 7),
                ("1.004873", 15),
                ("2.000635", 10),
                ("1.001776", 8),
                ("1.001653", 3),
                ("1.012812", 3),
                ("2.002409", 2),
            ],
            Self::District => &[
                ("2.000815", 8),
                ("2.000884", 4),
                ("2.000635", 6),
                ("1.001776", 6),
                ("1.001612", 18),
                ("2.000720", 10),
                ("1.009994", 8),
                ("2.000889", 16),
                ("1.012784", 8),
                ("1.011441", 12),
                ("1.004269", 4),
            ],
            Self::Centre => &[
                ("2.000488", 45),
                ("2.001199", 20),
                ("1.004269", 15),
                ("1.009645", 3),
                ("1.001308", 7),
                ("2.000635", 10),
            ],
            Self::Justice => &[("2.000488", 80), ("2.000635", 20)],
        }
    }
}

/// An ordinary commune; the others say where they differ.
const COMMUNE: Profile = Profile {
    agency: "",
    slug: "",
    place: "",
    weight: 0,
    mix: Mix::Commune,
    online_full: 0.55,
    online_partial: 0.28,
    answered: 0.93,
    late: 0.04,
    left_open: 0.01,
    supplement: 0.20,
    scanned: 0.70,
    electronic: 0.80,
    electronic_other: 0.25,
    digitised: 0.85,
    paid_online: 0.45,
    rated: 0.35,
    satisfied: 0.94,
};

const DISTRICT: Profile = Profile {
    mix: Mix::District,
    online_full: 0.58,
    online_partial: 0.36,
    late: 0.06,
    left_open: 0.02,
    supplement: 0.14,
    scanned: 0.65,
    electronic: 0.88,
    electronic_other: 0.35,
    rated: 0.28,
    ..COMMUNE
};

const CENTRE: Profile = Profile {
    mix: Mix::Centre,
    online_full: 0.90,
    online_partial: 0.34,
    answered: 0.97,
    late: 0.03,
    left_open: 0.005,
    supplement: 0.11,
    scanned: 0.85,
    electronic: 0.95,
    electronic_other: 0.60,
    digitised: 0.95,
    paid_online: 0.80,
    ..COMMUNE
};

/// All of them. The weights add up to 1000.
pub const PROFILES: [Profile; 12] = [
    Profile {
        agency: "H31.24.5",
        slug: "minhduc",
        place: "phường Minh Đức, thị xã Mỹ Hào, tỉnh Hưng Yên",
        weight: 130,
        online_full: 0.74,
        online_partial: 0.40,
        answered: 0.96,
        late: 0.012,
        left_open: 0.24,
        digitised: 0.96,
        paid_online: 0.62,
        ..COMMUNE
    },
    Profile {
        agency: "H16.1",
        slug: "hcc-daknong",
        place: "thành phố Gia Nghĩa, tỉnh Đắk Nông",
        weight: 170,
        satisfied: 0.92,
        ..CENTRE
    },
    Profile {
        agency: "H16.22",
        slug: "dakmil",
        place: "huyện Đắk Mil, tỉnh Đắk Nông",
        weight: 90,
        late: 0.11,
        satisfied: 0.86,
        ..DISTRICT
    },
    Profile {
        agency: "H16.22.1",
        slug: "tt-dakmil",
        place: "thị trấn Đắk Mil, huyện Đắk Mil, tỉnh Đắk Nông",
        weight: 60,
        online_full: 0.47,
        online_partial: 0.24,
        satisfied: 0.90,
        ..COMMUNE
    },
    Profile {
        agency: "H62.27",
        slug: "songlo",
        place: "huyện Sông Lô, tỉnh Vĩnh Phúc",
        weight: 110,
        electronic: 0.96,
        paid_online: 0.90,
        ..DISTRICT
    },
    Profile {
        agency: "H62.27.1",
        slug: "tamson",
        place: "thị trấn Tam Sơn, huyện Sông Lô, tỉnh Vĩnh Phúc",
        weight: 70,
        electronic: 0.94,
        paid_online: 0.88,
        ..COMMUNE
    },
    Profile {
        agency: "H62.28",
        slug: "yenlac",
        place: "huyện Yên Lạc, tỉnh Vĩnh Phúc",
        weight: 100,
        late: 0.02,
        left_open: 0.0,
        digitised: 1.0,
        satisfied: 0.98,
        ..DISTRICT
    },
    Profile {
        agency: "H62.28.1",
        slug: "tt-yenlac",
        place: "thị trấn Yên Lạc, huyện Yên Lạc, tỉnh Vĩnh Phúc",
        weight: 70,
        late: 0.01,
        left_open: 0.0,
        digitised: 1.0,
        satisfied: 0.99,
        ..COMMUNE
    },
    Profile {
        agency: "H23.9",
        slug: "stp-haiduong",
        place: "thành phố Hải Dương, tỉnh Hải Dương",
        weight: 50,
        mix: Mix::Justice,
        ..CENTRE
    },
    Profile {
        agency: "H56.19",
        slug: "hoanghoa",
        place: "huyện Hoằng Hóa, tỉnh Thanh Hóa",
        weight: 70,
        late: 0.08,
        answered: 0.85,
        ..DISTRICT
    },
    Profile {
        agency: "H56.19.1",
        slug: "butson",
        place: "thị trấn Bút Sơn, huyện Hoằng Hóa, tỉnh Thanh Hóa",
        weight: 50,
        answered: 0.88,
        ..COMMUNE
    },
    Profile {
        agency: "H56.19.14",
        slug: "hoangloc",
        place: "xã Hoằng Lộc, huyện Hoằng Hóa, tỉnh Thanh Hóa",
        weight: 30,
        online_full: 0.38,
        online_partial: 0.16,
        scanned: 0.45,
        digitised: 0.60,
        late: 0.09,
        ..COMMUNE
    },
];

/// Provinces of the demonstration: root and part of the usernames of its auditor, admin and portal.
pub const PROVINCES: [(&str, &str, &str); 5] = [
    ("H31", "hungyen", "tỉnh Hưng Yên"),
    ("H16", "daknong", "tỉnh Đắk Nông"),
    ("H62", "vinhphuc", "tỉnh Vĩnh Phúc"),
    ("H23", "haiduong", "tỉnh Hải Dương"),
    ("H56", "thanhhoa", "tỉnh Thanh Hóa"),
];

/// How many of `dossiers` each agency receives, in the order of [`PROFILES`]; the first takes what rounding leaves.
#[must_use]
pub fn shares(dossiers: u32) -> Vec<u32> {
    let part = |weight: u32| u32::try_from(u64::from(dossiers) * u64::from(weight) / 1000).unwrap_or(0);
    let mut parts: Vec<u32> = PROFILES.iter().map(|profile| part(profile.weight)).collect();
    parts[0] += dossiers - parts.iter().sum::<u32>();
    parts
}

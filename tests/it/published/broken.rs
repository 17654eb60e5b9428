//! Published reports that break an identity of their own. The program imports such figures as declared and never
//! computes them; these tests keep what is wrong with each, so that nobody "corrects" a formula to fit them.

use super::Fraction;

/// "2.602/2.760" of the commune printed as 96,2; the total of the same report holds.
#[test]
fn phu_giao_third_quarter_2025() {
    assert_eq!(Fraction(2_602, 2_760).printed(2), "94,28");
    assert_ne!(Fraction(2_602, 2_760).printed(1), "96,2");
    assert_eq!(Fraction(12_970 - 102, 12_970).printed(1), "99,2");
}

/// ">209.000" on time of ">277.000" received printed as ">82%": the base must be another, probably the resolved.
#[test]
fn phu_tho_2026() {
    assert_eq!(Fraction(209_000, 277_000).printed(1), "75,5");
    // Of the communes ">97%" was printed.
    assert_eq!(Fraction(767_000, 791_000).printed(2), "96,97");
}

/// Finished 5.583, but early 2.199 and on time 3.353 (none late) make 5.552; what was handled adds up.
#[test]
fn dien_bien_phu_ward() {
    let (finished, early, on_time) = (5_583, 2_199, 3_353);
    assert_eq!(finished - (early + on_time), 31, "unexplained");
    assert_eq!(2_387 + 3_393, finished + 197);
}

/// 6.414 and 67 make 6.481 of 6.520.
#[test]
fn cat_hai_november_2025() {
    assert_eq!(6_520 - (6_414 + 67), 39, "unexplained");
}

/// Row 7: finished and open make five more than the total.
#[test]
fn lam_dong_total() {
    let (total, finished, open) = (54_575, 51_780, 2_672 + 128);
    assert_eq!(finished + open - total, 5);
}

/// Row 2: 18,9 % of 1.598 online dossiers, by no base of the report: received, in all, due, on time.
#[test]
fn vinh_phuc_online_2021() {
    let printed = [4_131, 6_302, 4_169, 4_157].map(|base| Fraction(1_598, base).printed(1));
    assert_eq!(printed, ["38,7", "25,4", "38,3", "38,4"]);
    assert!(!printed.contains(&"18,9".to_owned()));
}

/// Half up, at the place where it shows.
#[test]
fn prints_round_half_up() {
    assert_eq!(Fraction(1, 800).printed(2), "0,13");
    assert_eq!(Fraction(1, 8).printed(0), "13");
    assert_eq!(Fraction(1, 1).printed(1), "100,0");
    assert_eq!(Fraction(1_999, 2_000).printed(1), "100,0");
    assert_eq!(Fraction(1_998, 2_000).printed(1), "99,9");
}

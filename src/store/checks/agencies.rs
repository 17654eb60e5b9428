//! Agencies judged as a whole: what one dossier cannot show.

use super::fill::{ENDING_DAYS, Ending, MASS_DAYS, MASS_FINISHES, MASS_TIMES, PERFECT_FINISHES};

/// An agency stands out by two sums over its dossiers; listed are those that fit `flagged`.
#[derive(Debug)]
pub struct AgencyRule {
    pub population: &'static str,
    /// What is measured beside the population.
    pub measured: &'static str,
    pub flagged: &'static str,
    pub stands_out: fn(&Sums) -> bool,
}

/// What an agency is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Sums {
    pub population: i64,
    pub measured: i64,
    pub ending: Option<Ending>,
}

/// The last working days saw many times the finishes of ordinary ones.
pub(super) fn closes_in_mass(sums: &Sums) -> bool {
    let Some(ending) = sums.ending else { return false };
    let (measured, all) = (i128::from(sums.measured), i128::from(sums.population));
    let average = i128::from(MASS_TIMES * ENDING_DAYS) * all;
    sums.population >= MASS_FINISHES
        && ending.working_days >= MASS_DAYS
        && measured * i128::from(ending.working_days) >= average
}

/// Many finished, none of them late.
pub(super) fn never_late(sums: &Sums) -> bool {
    sums.population >= PERFECT_FINISHES && sums.measured == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(population: i64, measured: i64, working_days: i64) -> Sums {
        Sums { population, measured, ending: Some(Ending { begins: 0, working_days }) }
    }

    #[test]
    fn a_mass_is_measured_against_the_average() {
        // 20 days, 100 finishes: two days see 10 on average.
        assert!(closes_in_mass(&sums(100, 30, 20)));
        assert!(!closes_in_mass(&sums(100, 29, 20)));
        assert!(!closes_in_mass(&sums(19, 19, 20)), "too few to tell");
        assert!(!closes_in_mass(&sums(100, 100, 9)), "too short a period");
        assert!(!closes_in_mass(&Sums { ending: None, ..sums(100, 100, 20) }));
    }

    #[test]
    fn perfect_is_many_and_none_late() {
        assert!(never_late(&sums(100, 0, 1)) && !never_late(&sums(99, 0, 1)) && !never_late(&sums(100, 1, 1)));
    }
}

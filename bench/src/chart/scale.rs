//! From values to positions on an axis.

/// An axis: which values it holds, and how it is divided.
#[derive(Clone, Copy, Debug)]
pub enum Scale {
    /// From nothing to the value, evenly.
    Linear(f64),
    /// From one value to another, each step the same factor.
    Log(f64, f64),
}

impl Scale {
    /// An even axis that holds these values.
    pub fn linear(values: impl Iterator<Item = f64>) -> Self {
        Self::Linear(values.fold(0.0, f64::max).max(f64::MIN_POSITIVE) * 1.05)
    }

    /// An axis of equal factors that holds these values, which are above zero.
    pub fn log(values: impl Iterator<Item = f64>) -> Self {
        let (least, most) = values
            .filter(|value| *value > 0.0)
            .fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), one| {
                (least.min(one), most.max(one))
            });
        let (least, most) = if least > most { (1.0, 10.0) } else { (least, most) };
        // The least one is to have a bar too, so the axis begins clearly below it.
        let power = 10f64.powf((least / 1.25).log10().floor());
        let factor = [5.0, 2.0].into_iter().find(|factor| factor * power <= least / 1.25);
        Self::Log(factor.unwrap_or(1.0) * power, most * 1.15)
    }

    /// The position of a value, from 0 to 1.
    pub fn position(&self, value: f64) -> f64 {
        let position = match *self {
            Self::Linear(end) => value / end,
            Self::Log(start, end) => (value.max(start) / start).ln() / (end / start).ln(),
        };
        position.clamp(0.0, 1.0)
    }

    /// Figures to be written at the axis.
    pub fn ticks(&self) -> Vec<f64> {
        match *self {
            Self::Linear(end) => {
                let step = step(end);
                (0..).map(|index| f64::from(index) * step).take_while(|tick| *tick <= end).collect()
            }
            Self::Log(start, end) => {
                let few = end / start < 200.0;
                let factors: &[f64] = if few { &[1.0, 2.0, 5.0] } else { &[1.0] };
                let first = start.log10().floor() as i32;
                let powers = (first..first + 20).map(|power| 10f64.powi(power));
                let all = powers.flat_map(|power| factors.iter().map(move |factor| power * factor));
                let all = all.skip_while(|tick| *tick < start * 0.999);
                all.take_while(|tick| *tick <= end).collect()
            }
        }
    }
}

/// A round distance for about five ticks.
fn step(end: f64) -> f64 {
    let rough = end / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
    factors.into_iter().map(|factor| factor * power).find(|step| *step >= rough).unwrap_or(rough)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_positions() {
        let scale = Scale::Log(1.0, 100.0);
        assert_eq!(
            (scale.position(0.1), scale.position(10.0), scale.position(1e9)),
            (0.0, 0.5, 1.0)
        );
        assert_eq!(Scale::Linear(4.0).position(1.0), 0.25);
        assert_eq!(Scale::linear(std::iter::empty()).position(0.0), 0.0);
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(Scale::Linear(1.1).ticks(), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(Scale::log([18.0, 5_000.0].into_iter()).ticks(), [10.0, 100.0, 1_000.0]);
        let few = Scale::log([3.0, 90.0].into_iter()).ticks();
        assert_eq!(few, [2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert!(Scale::log(std::iter::empty()).ticks().len() < 10);
    }
}

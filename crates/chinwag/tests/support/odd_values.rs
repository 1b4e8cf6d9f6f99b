//! Values that settings are tried with.

/// Values that are not like any others, beside numbers.
pub(crate) const ODD: [&str; 38] = [
    "",
    " ",
    "\0",
    "\n",
    "\r\n",
    "é",
    "\u{202e}",
    "none",
    "auto",
    "true",
    "false",
    "yes",
    "-1",
    "-0",
    "+1",
    "0x10",
    "1e3",
    "1e308",
    "1e-400",
    "NaN",
    "inf",
    "-inf",
    "0.0000001",
    "1 XB",
    "1 s s",
    "s",
    "KiB",
    "[::]:0",
    "localhost:0",
    "0.0.0.0:65536",
    "255.255.255.255:0",
    ":0",
    "/",
    ".",
    "/dev/full",
    "trace",
    "off,chinwag=trace",
    "json",
];

/// Every number that lies beside a power of two, and some of tens.
pub(crate) fn numbers() -> Vec<String> {
    let powers = (0..=17).chain([30, 31, 32, 33, 52, 53, 61, 62, 63, 64, 65]);
    let powers = powers.flat_map(|power| [(1_u128 << power) - 1, 1 << power, (1 << power) + 1]);
    let tens = (0..=20).map(|power| 10_u128.pow(power));
    let bounds = [0, 3_600, 86_400, 3_600_000, 86_400_000, 32_767, 127];
    let mut numbers: Vec<_> = powers.chain(tens).chain(bounds).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.iter().map(u128::to_string).collect()
}

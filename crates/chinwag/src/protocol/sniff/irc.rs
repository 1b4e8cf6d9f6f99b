//! How an IRC client begins, in upper case and with its whole grammar, so that nothing is taken for it that a person says.

/// Whether a line is the opening of an IRC client: `CAP LS|REQ|END`, `PASS x`, `NICK x`, or `USER a b c :d`.
pub(super) fn is_opening(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.splitn(5, |&byte| byte == b' ').collect();
    match words[..] {
        [b"CAP", b"LS" | b"END"] => true,
        // The version of the negotiation.
        [b"CAP", b"LS", version] => version.iter().all(u8::is_ascii_digit) && !version.is_empty(),
        [b"CAP", b"REQ", one] => !one.is_empty(),
        [b"CAP", b"REQ", [b':', ..], ..] => true,
        [b"PASS" | b"NICK", one] => !one.is_empty(),
        [b"USER", user, mode, unused, [b':', ..]] => {
            ![user, mode, unused].iter().any(|word| word.is_empty())
        }
        _ => false,
    }
}

//! Byte sizes as Kubernetes writes them: `64Mi`, `1.5G`, `1000`.

/// Suffixes and what they multiply by, largest first within the binary ones so that printing finds the shortest.
const SUFFIXES: &[(&str, u64)] = &[
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
    ("T", 1_000_000_000_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1_000),
    ("", 1),
];

/// The bytes of a quantity; `None` when it is none, is not a whole number of bytes, or does not fit.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let (number, multiplier) =
        SUFFIXES.iter().find_map(|(suffix, multiplier)| Some((text.strip_suffix(suffix)?, *multiplier)))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || number.ends_with('.') || !digits(whole) || !digits(fraction) {
        return None;
    }
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let mantissa: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = mantissa.checked_mul(multiplier.into())?;
    (scaled % scale == 0).then(|| u64::try_from(scaled / scale).ok())?
}

/// The bytes with the largest binary suffix that says them exactly.
pub(crate) fn text(bytes: u64) -> String {
    let binary = SUFFIXES.iter().filter(|(suffix, _)| suffix.ends_with('i'));
    binary
        .into_iter()
        .find(|(_, multiplier)| bytes > 0 && bytes.is_multiple_of(*multiplier))
        .map_or_else(|| bytes.to_string(), |(suffix, multiplier)| format!("{}{suffix}", bytes / multiplier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        let read = ["0", "1000", "64Mi", "1.5Gi", "2k", "0.5Ki", "16Ti"].map(parse);
        let bytes = [0, 1000, 64 << 20, 3 << 29, 2000, 512, 16 << 40];
        assert_eq!(read, bytes.map(Some));
    }

    #[test]
    fn what_is_no_whole_number_of_bytes_is_none() {
        for text in
            ["", "Mi", "64 Mi", "64MB", "-1", "1.", ".5Ki", "0.3", "1e3", "99999999Ti", "1.0000000000001Ti"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn printing_is_exact_and_short() {
        assert_eq!([0, 1000, 4096, 64 << 20, 3 << 29].map(text), ["0", "1000", "4Ki", "64Mi", "1536Mi"]);
    }
}

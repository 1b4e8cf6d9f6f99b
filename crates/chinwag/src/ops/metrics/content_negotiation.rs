//! Which of the two formats of metrics a client wants, by its `Accept` (RFC 9110, 12.5.1). Pure.
//!
//! Prometheus asks for OpenMetrics first and takes the older text format, too; scrapers that know only the older one say so. Who says
//! nothing, or takes both alike, gets OpenMetrics; so does who takes neither, for a page that can be read is of more use than none.

/// A format of the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// OpenMetrics 1.0.0.
    #[default]
    OpenMetrics,
    /// Prometheus' text format, 0.0.4.
    Text,
}

impl Format {
    /// Its kind, with its parameters.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Its type, its subtype and its version.
    fn names(self) -> [&'static str; 3] {
        match self {
            Self::OpenMetrics => ["application", "openmetrics-text", "1.0.0"],
            Self::Text => ["text", "plain", "0.0.4"],
        }
    }

    /// The one that these fields ask for.
    pub(super) fn wanted<'a>(accept: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let (open, text) = (Self::OpenMetrics.quality(accept.clone()), Self::Text.quality(accept));
        if text > open { Self::Text } else { Self::OpenMetrics }
    }

    /// How much it is wanted, in thousandths: what the range says that fits it most closely, or 0 if none does.
    fn quality<'a>(self, accept: impl Iterator<Item = &'a [u8]>) -> u32 {
        let mut found = (0, 0);
        for field in accept.filter_map(|field| std::str::from_utf8(field).ok()) {
            for range in field.split(',') {
                if let Some((fit, quality)) = self.fit(range)
                    && fit > found.0
                {
                    found = (fit, quality);
                }
            }
        }
        found.1
    }

    /// How closely a range fits it, and how much it is wanted by that.
    fn fit(self, range: &str) -> Option<(u32, u32)> {
        let [kind, subtype, version] = self.names();
        let mut parts = range.split(';').map(str::trim);
        let (asked, asked_subtype) = parts.next()?.split_once('/')?;
        let is = |asked: &str, own: &str| asked.eq_ignore_ascii_case(own);
        let mut fit = match (asked, asked_subtype) {
            ("*", "*") => 1,
            (asked, "*") if is(asked, kind) => 2,
            (asked, other) if is(asked, kind) && is(other, subtype) => 3,
            _ => return None,
        };
        let mut quality = 1000;
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            if is(name.trim(), "q") {
                quality = thousandths(value)?;
            } else if is(name.trim(), "version") {
                if value != version {
                    return None;
                }
                fit += 1;
            }
        }
        Some((fit, quality))
    }
}

/// A quality from 0 to 1 in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let quality: f32 = text.parse().ok()?;
    (0.0..=1.0).contains(&quality).then(|| (quality * 1000.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wanted(fields: &[&str]) -> Format {
        Format::wanted(fields.iter().map(|field| field.as_bytes()))
    }

    #[test]
    fn each_client_gets_the_format_that_it_asks_for() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,\
             application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
             text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for fields in [
            &[][..],
            &["*/*"],
            &[prometheus_2],
            &[prometheus_3],
            &[browser],
            &["application/json"],
            &["text/plain;q=0"],
            &["text/plain;q=x"],
            &["Application/OpenMetrics-Text"],
        ] {
            assert_eq!(wanted(fields), Format::OpenMetrics, "{fields:?}");
        }
        let telegraf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
             encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3";
        for fields in [
            &["text/plain"][..],
            &["TEXT/Plain; version=\"0.0.4\""],
            &["text/*"],
            &[telegraf],
            &["text/plain;version=0.0.4;q=1,*/*;q=0.1"],
            &["application/openmetrics-text;q=0.2", "text/plain"],
            &["application/openmetrics-text;version=0.0.1,text/plain;q=0.5"],
            &["*/*, application/openmetrics-text;q=0.5"],
        ] {
            assert_eq!(wanted(fields), Format::Text, "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn any_field_asks_for_one_of_both(field in "(text/plain|\\*/\\*|[,;=/*q0-9. \"]){0,30}") {
            let _ = wanted(&[&field]);
        }
    }
}

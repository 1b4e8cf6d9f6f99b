//! What the attribute asks for.

use crate::error::Error;
use proc_macro::{Literal, Span, TokenStream, TokenTree};

/// Which runtime is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// With worker threads.
    MultiThread,
    /// Without.
    CurrentThread,
    /// Without, and its tasks may stay on its thread.
    Local,
}

/// The options of the attribute.
#[derive(Debug)]
pub(crate) struct Options {
    /// Which runtime; what is usual for the attribute when none.
    pub(crate) flavor: Option<Flavor>,
    /// How many workers, where the program says so.
    pub(crate) workers: Option<(usize, Span)>,
    /// Whether the clock is paused from the beginning, where the program says so.
    pub(crate) start_paused: Option<(bool, Span)>,
    /// The name of the runtime: a string literal, as it is written.
    pub(crate) name: Option<Literal>,
    /// The path of the crate whippet.
    pub(crate) krate: Option<TokenStream>,
}

impl Options {
    /// No options.
    pub(crate) fn none() -> Self {
        Self { flavor: None, workers: None, start_paused: None, name: None, krate: None }
    }

    /// Reads `name = value, name = value`.
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self, Error> {
        let mut options = Self::none();
        let mut tokens = tokens.into_iter();
        while let Some(name) = tokens.next() {
            match tokens.next() {
                Some(TokenTree::Punct(equals)) if equals.as_char() == '=' => {}
                _ => return Err(expected_value(&name)),
            }
            let value = tokens.next().ok_or_else(|| expected_value(&name))?;
            options.set(&name, &value)?;
            match tokens.next() {
                None => break,
                Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => {}
                Some(other) => {
                    return Err(Error::new(other.span(), "expected `,` between options"));
                }
            }
        }
        Ok(options)
    }

    /// Takes one option over.
    fn set(&mut self, name: &TokenTree, value: &TokenTree) -> Result<(), Error> {
        let first = match name.to_string().as_str() {
            "flavor" => self.flavor.replace(flavor(value)?).is_none(),
            "worker_threads" => self.workers.replace((workers(value)?, value.span())).is_none(),
            "name" => self.name.replace(runtime_name(value)?).is_none(),
            "crate" => self.krate.replace(path(value)?).is_none(),
            "start_paused" => {
                let paused = (truth(value)?, value.span());
                self.start_paused.replace(paused).is_none()
            }
            other => {
                let known = "`flavor`, `worker_threads`, `start_paused`, `name` and `crate`";
                return Err(Error::new(
                    name.span(),
                    format!("no such option: `{other}`; the options are {known}"),
                ));
            }
        };
        match first {
            true => Ok(()),
            false => Err(Error::new(name.span(), format!("`{name}` is set twice"))),
        }
    }
}

/// An option stands without its value.
fn expected_value(name: &TokenTree) -> Error {
    Error::new(name.span(), format!("expected an option with its value: `{name} = ...`"))
}

/// The text of a string literal.
fn text(value: &TokenTree) -> Option<String> {
    let literal = value.to_string();
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then(|| text.to_owned())
}

/// Reads the value of `flavor`.
fn flavor(value: &TokenTree) -> Result<Flavor, Error> {
    match text(value).as_deref() {
        Some("multi_thread") => Ok(Flavor::MultiThread),
        Some("current_thread") => Ok(Flavor::CurrentThread),
        Some("local") => Ok(Flavor::Local),
        _ => Err(Error::new(
            value.span(),
            format!(
                "no such flavor: {value}; there are \"multi_thread\", \"current_thread\" and \"local\""
            ),
        )),
    }
}

/// Reads the value of `worker_threads`.
fn workers(value: &TokenTree) -> Result<usize, Error> {
    let digits = value.to_string().replace('_', "");
    match digits.strip_suffix("usize").unwrap_or(&digits).parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Error::new(value.span(), "`worker_threads` takes a whole number, at least 1")),
    }
}

/// Reads the value of `start_paused`.
fn truth(value: &TokenTree) -> Result<bool, Error> {
    match value.to_string().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::new(value.span(), "`start_paused` takes `true` or `false`")),
    }
}

/// Reads the value of `name`.
fn runtime_name(value: &TokenTree) -> Result<Literal, Error> {
    let wrong = || Error::new(value.span(), "`name` takes a text in quotes that is not blank");
    let TokenTree::Literal(literal) = value else { return Err(wrong()) };
    let words = literal.to_string();
    let raw = words.strip_prefix('r').map(|text| text.trim_matches('#'));
    let quoted = raw.unwrap_or(&words).strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match quoted {
        Some(text) if !text.trim().is_empty() => Ok(literal.clone()),
        _ => Err(wrong()),
    }
}

/// Reads the value of `crate`.
fn path(value: &TokenTree) -> Result<TokenStream, Error> {
    let wrong = || {
        Error::new(value.span(), "`crate` takes a path in quotes, as in `crate = \"other::name\"`")
    };
    let text = text(value).ok_or_else(wrong)?;
    let names = text.strip_prefix("::").unwrap_or(&text).split("::");
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.chars().all(|character| character.is_alphanumeric() || character == '_')
    };
    if !names.map(str::trim).all(is_name) {
        return Err(wrong());
    }
    let tokens: TokenStream = text.parse().map_err(|_| wrong())?;
    let spanned = |mut token: TokenTree| {
        token.set_span(value.span());
        token
    };
    Ok(tokens.into_iter().map(spanned).collect())
}

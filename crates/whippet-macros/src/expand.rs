//! Writes the function that runs the body on a runtime.

use crate::error::Error;
use crate::function::Function;
use crate::options::{Flavor, Options};
use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

/// Which attribute it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `#[whippet::main]`.
    Main,
    /// `#[whippet::test]`.
    Test,
}

impl Kind {
    /// The name of the attribute.
    fn name(self) -> &'static str {
        match self {
            Self::Main => "whippet::main",
            Self::Test => "whippet::test",
        }
    }

    /// The runtime of a function that asks for none.
    fn default_flavor(self) -> Flavor {
        match self {
            Self::Main => Flavor::MultiThread,
            Self::Test => Flavor::CurrentThread,
        }
    }
}

/// The function, run on a runtime. With an error it still is a function, so that there is one error, not a train
/// of them.
pub(crate) fn expand(kind: Kind, options: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::parse(item.clone()) {
        Ok(function) => function,
        Err(error) => return [item, error.into_tokens()].into_iter().collect(),
    };
    match Options::parse(options).and_then(|options| check(kind, &function, options)) {
        Ok(options) => write(kind, function, options),
        Err(error) => {
            [write(kind, function, Options::none()), error.into_tokens()].into_iter().collect()
        }
    }
}

/// Refuses what does not go together.
fn check(kind: Kind, function: &Function, options: Options) -> Result<Options, Error> {
    let name = kind.name();
    if let (Kind::Main, Some(arguments)) = (kind, function.arguments_of_main) {
        return Err(Error::new(arguments, "the function `main` takes no arguments"));
    }
    if let (Kind::Test, Some(attribute)) = (kind, function.test_attribute()) {
        let message = format!("`#[{name}]` makes it a test already: remove `#[test]`");
        return Err(Error::new(attribute, message));
    }
    let flavor = options.flavor.unwrap_or(kind.default_flavor());
    if let (Flavor::CurrentThread | Flavor::Local, Some((_, workers))) = (flavor, options.workers) {
        let message = format!(
            "`worker_threads` needs the flavor with workers: `#[{name}(flavor = \"multi_thread\", ...)]`"
        );
        return Err(Error::new(workers, message));
    }
    if let (Flavor::MultiThread, Some((true, paused))) = (flavor, options.start_paused) {
        let message = format!(
            "`start_paused` needs the flavor without workers: `#[{name}(flavor = \"current_thread\", ...)]`"
        );
        return Err(Error::new(paused, message));
    }
    Ok(options)
}

/// Puts the function together.
fn write(kind: Kind, function: Function, options: Options) -> TokenStream {
    // Where the compiler points when the body does not give what the function returns. Names of locals are the
    // macro's own.
    let place = function
        .body
        .stream()
        .into_iter()
        .last()
        .map_or(function.body.span(), |token| token.span());
    let span = Span::mixed_site().located_at(place);
    let code =
        |text: &str| respanned(text.parse().expect("the macro writes well-formed tokens"), span);

    let (flavor, built) = match options.flavor.unwrap_or(kind.default_flavor()) {
        Flavor::MultiThread => ("new_multi_thread", "built"),
        Flavor::CurrentThread => ("new_current_thread", "built"),
        Flavor::Local => ("new_current_thread", "built_local"),
    };
    let workers =
        options.workers.map_or_else(String::new, |(count, _)| format!(".worker_threads({count})"));
    let paused = options
        .start_paused
        .map_or_else(String::new, |(paused, _)| format!(".start_paused({paused})"));
    let name = options.name.map_or_else(String::new, |name| format!(".name({name})"));
    let krate = options.krate.unwrap_or_else(|| code("::whippet"));

    let mut inside = TokenStream::new();
    inside.extend(code("let runtime ="));
    inside.extend(krate.clone());
    inside.extend(code(&format!("::macros::support::{built}")));
    let mut builder = krate;
    builder.extend(code(&format!("::runtime::Builder::{flavor}(){workers}{paused}{name}")));
    inside.extend(parenthesized(code("&mut"), builder));
    inside.extend(code(";"));

    let named = function.has_nameable_output();
    let mut future = code("async");
    future.extend([TokenTree::from(function.body)]);
    inside.extend(code("let body = ::core::pin::pin!"));
    inside.extend(parenthesized(TokenStream::new(), future));
    inside.extend(code(";"));
    if named {
        // Says what the body gives, and has the compiler write `block_on` once for all tests that give the same.
        inside.extend(code("let body: ::core::pin::Pin<&mut dyn ::core::future::Future<Output ="));
        inside.extend(match function.output.is_empty() {
            true => code("()"),
            false => function.output.into_iter().collect(),
        });
        inside.extend(code(">> = body;"));
    }
    inside.extend(code("runtime.block_on(body)"));

    let mut tokens: TokenStream = function.attributes.into_iter().collect();
    if kind == Kind::Test {
        tokens.extend(code("#[::core::prelude::v1::test]"));
    }
    tokens.extend(function.signature);
    let mut body = Group::new(Delimiter::Brace, inside);
    body.set_span(span);
    tokens.extend([TokenTree::from(body)]);
    tokens
}

/// The tokens in parentheses.
fn parenthesized(mut first: TokenStream, second: TokenStream) -> TokenStream {
    first.extend(second);
    TokenTree::from(Group::new(Delimiter::Parenthesis, first)).into()
}

/// The tokens, placed at `span`, those in groups too.
fn respanned(tokens: TokenStream, span: Span) -> TokenStream {
    let place = |token| {
        let mut token = match token {
            TokenTree::Group(group) => {
                Group::new(group.delimiter(), respanned(group.stream(), span)).into()
            }
            token => token,
        };
        token.set_span(span);
        token
    };
    tokens.into_iter().map(place).collect()
}

//! The parts of a function that the attributes change or need to know.

use crate::error::Error;
use proc_macro::{Delimiter, Group, Span, TokenStream, TokenTree};

/// An `async fn`, cut where something is put in or left out.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its attributes, those of the body's first lines included.
    pub(crate) attributes: Vec<TokenTree>,
    /// From the visibility to the return type (and what follows), without `async`.
    pub(crate) signature: Vec<TokenTree>,
    /// What it returns; nothing stands for `()`.
    pub(crate) output: Vec<TokenTree>,
    /// The block.
    pub(crate) body: Group,
    /// What it is called, where it is declared as `main` with arguments.
    pub(crate) arguments_of_main: Option<Span>,
}

impl Function {
    /// Finds the parts of an item that is an `async fn`.
    pub(crate) fn parse(item: TokenStream) -> Result<Self, Error> {
        let mut tokens: Vec<TokenTree> = ungrouped(item).into_iter().collect();
        let not_a_function = || {
            Error::new(Span::call_site(), "this attribute belongs before an `async fn` with a body")
        };
        let body = tokens.pop().and_then(block).ok_or_else(not_a_function)?;
        let mut attributes = tokens;
        let mut signature = attributes.split_off(attributes_end(&attributes));
        let function = position(&signature, "fn").ok_or_else(not_a_function)?;
        let Some(asynchronous) = position(&signature[..function], "async") else {
            let message = "the function must be `async`: write `async fn`";
            return Err(Error::new(signature[function].span(), message));
        };
        signature.remove(asynchronous);

        let (body, inner) = without_attributes(&body);
        attributes.extend(inner);
        let arguments = arguments(&signature).ok_or_else(not_a_function)?;
        let output = output(&signature[arguments + 1..]);
        // Without `async`, the name stands where `fn` stood.
        let arguments_of_main = match (&signature[function], &signature[arguments]) {
            (TokenTree::Ident(name), TokenTree::Group(group))
                if name.to_string() == "main" && !group.stream().is_empty() =>
            {
                Some(group.span())
            }
            _ => None,
        };
        Ok(Self { attributes, signature, output, body, arguments_of_main })
    }

    /// The `#[test]` among the attributes.
    pub(crate) fn test_attribute(&self) -> Option<Span> {
        self.attributes.iter().find_map(|token| match token {
            TokenTree::Group(group) if group.stream().to_string() == "test" => Some(group.span()),
            _ => None,
        })
    }

    /// Whether the output's type can be written in a `let`: not `impl Trait`, nor `!`.
    pub(crate) fn has_nameable_output(&self) -> bool {
        let never = matches!(&self.output[..], [TokenTree::Punct(mark)] if mark.as_char() == '!');
        !never && !self.output.iter().any(mentions_impl)
    }
}

/// What an invisible group holds: a declarative macro puts one around what it passes on.
fn ungrouped(tokens: TokenStream) -> TokenStream {
    let mut trees = tokens.clone().into_iter();
    match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            ungrouped(group.stream())
        }
        _ => tokens,
    }
}

/// The token as a block in braces.
fn block(token: TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut trees = ungrouped(group.stream()).into_iter();
            trees.next().filter(|_| trees.next().is_none()).and_then(block)
        }
        _ => None,
    }
}

/// Where the attributes before an item end: each is `#` and a group.
fn attributes_end(tokens: &[TokenTree]) -> usize {
    let is_mark =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == '#');
    2 * tokens.chunks_exact(2).take_while(|pair| is_mark(&pair[0])).count()
}

/// Takes the attributes `#![...]` at the begin of a body out of it, as `#[...]`.
fn without_attributes(body: &Group) -> (Group, Vec<TokenTree>) {
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    let mut attributes = Vec::new();
    let mut rest = &tokens[..];
    while let [hash @ TokenTree::Punct(first), TokenTree::Punct(second), group, tail @ ..] = rest
        && (first.as_char(), second.as_char()) == ('#', '!')
    {
        attributes.extend([hash.clone(), group.clone()]);
        rest = tail;
    }
    let mut group = Group::new(Delimiter::Brace, rest.iter().cloned().collect());
    group.set_span(body.span());
    (group, attributes)
}

/// Where the word `name` is.
fn position(tokens: &[TokenTree], name: &str) -> Option<usize> {
    tokens.iter().position(|token| is_word(token, name))
}

/// Whether the token is the word `name`.
fn is_word(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == name)
}

/// Where the arguments are: the first parentheses outside of the generics.
fn arguments(signature: &[TokenTree]) -> Option<usize> {
    let start = position(signature, "fn")?;
    let mut depth = 0_u32;
    let mut before = ' ';
    for (index, token) in signature.iter().enumerate().skip(start) {
        let mut now = ' ';
        match token {
            TokenTree::Punct(mark) => {
                now = mark.as_char();
                match now {
                    '<' => depth += 1,
                    '>' if before != '-' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            TokenTree::Group(group)
                if depth == 0 && group.delimiter() == Delimiter::Parenthesis =>
            {
                return Some(index);
            }
            _ => {}
        }
        before = now;
    }
    None
}

/// The return type, given what follows the arguments.
fn output(after: &[TokenTree]) -> Vec<TokenTree> {
    let end = position(after, "where").unwrap_or(after.len());
    match &after[..end] {
        [TokenTree::Punct(minus), TokenTree::Punct(_), output @ ..] if minus.as_char() == '-' => {
            output.to_vec()
        }
        _ => Vec::new(),
    }
}

/// Whether the type has `impl Trait` in it.
fn mentions_impl(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.stream().into_iter().any(|token| mentions_impl(&token)),
        token => is_word(token, "impl"),
    }
}

//! Errors: a sentence, and the place in the program that it is about.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// What is wrong with the attribute or with its function.
#[derive(Debug)]
pub(crate) struct Error {
    /// Where.
    span: Span,
    /// What, and what would be right.
    message: String,
}

impl Error {
    /// Says `message` of the tokens at `span`.
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }

    /// `::core::compile_error! { message }`, at the place of the error.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let mut message = Literal::string(&self.message);
        message.set_span(self.span);
        let punct = |character, spacing| TokenTree::from(Punct::new(character, spacing));
        let mut tokens = [
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("core", self.span).into(),
            punct(':', Spacing::Joint),
            punct(':', Spacing::Alone),
            Ident::new("compile_error", self.span).into(),
            punct('!', Spacing::Alone),
            Group::new(Delimiter::Brace, TokenTree::from(message).into()).into(),
        ];
        tokens.iter_mut().for_each(|token| token.set_span(self.span));
        tokens.into_iter().collect()
    }
}

//! The methods that set an option of a socket, and read one back, by way of its descriptor.

/// Gives `$type` methods over [`sys::options`](crate::sys::options): `set` ones and `get` ones, each with its first line and
/// the code of its example.
macro_rules! impl_socket_options {
    ($type:ty:
        $(set $set:ident($value:ty) = $setter:ident: $set_doc:literal, $set_example:literal;)*
        $(get $get:ident -> $result:ty = $getter:ident: $get_doc:literal, $get_example:literal;)*
    ) => {
        impl $type {
            $(
                #[doc = $set_doc]
                ///
                /// # Errors
                /// Errors of the system call: not an option of this socket, a value out of its range.
                ///
                /// # Examples
                /// ```
                /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
                #[doc = $set_example]
                /// # std::io::Result::Ok(())
                /// # }).unwrap();
                /// ```
                pub fn $set(&self, value: $value) -> ::std::io::Result<()> {
                    $crate::sys::options::$setter(self, value)
                }
            )*
            $(
                #[doc = $get_doc]
                ///
                /// # Errors
                /// Errors of the system call: not an option of this socket.
                ///
                /// # Examples
                /// ```
                /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
                #[doc = $get_example]
                /// # std::io::Result::Ok(())
                /// # }).unwrap();
                /// ```
                pub fn $get(&self) -> ::std::io::Result<$result> {
                    $crate::sys::options::$getter(self)
                }
            )*
        }
    };
}
pub(in crate::net) use impl_socket_options;

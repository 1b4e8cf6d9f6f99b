//! The names of the branches: what each future's variable, each outcome's variant and each number is called.
//!
//! A declarative macro can neither count nor make up names. So it takes them from this list, one a branch; what is
//! next on the list when all branches are read is their number. The 65th stands for "too many".

/// Calls the macro `$macro` of this crate with the list of branches, followed by the tokens it was given.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_branches {
    ($macro:ident $($tokens:tt)*) => {
        $crate::$macro! {
            [
                (f0 B0 0) (f1 B1 1) (f2 B2 2) (f3 B3 3) (f4 B4 4) (f5 B5 5) (f6 B6 6) (f7 B7 7)
                (f8 B8 8) (f9 B9 9) (f10 B10 10) (f11 B11 11) (f12 B12 12) (f13 B13 13)
                (f14 B14 14) (f15 B15 15) (f16 B16 16) (f17 B17 17) (f18 B18 18) (f19 B19 19)
                (f20 B20 20) (f21 B21 21) (f22 B22 22) (f23 B23 23) (f24 B24 24) (f25 B25 25)
                (f26 B26 26) (f27 B27 27) (f28 B28 28) (f29 B29 29) (f30 B30 30) (f31 B31 31)
                (f32 B32 32) (f33 B33 33) (f34 B34 34) (f35 B35 35) (f36 B36 36) (f37 B37 37)
                (f38 B38 38) (f39 B39 39) (f40 B40 40) (f41 B41 41) (f42 B42 42) (f43 B43 43)
                (f44 B44 44) (f45 B45 45) (f46 B46 46) (f47 B47 47) (f48 B48 48) (f49 B49 49)
                (f50 B50 50) (f51 B51 51) (f52 B52 52) (f53 B53 53) (f54 B54 54) (f55 B55 55)
                (f56 B56 56) (f57 B57 57) (f58 B58 58) (f59 B59 59) (f60 B60 60) (f61 B61 61)
                (f62 B62 62) (f63 B63 63) (f64 B64 64)
            ]
            $($tokens)*
        }
    };
}

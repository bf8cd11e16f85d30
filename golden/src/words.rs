//! Enums whose variants have a word each: in requests, configurations, file names and on the command line.

/// Defines an enum from a list of variants with their words, and everything that follows from the list: the constant
/// `ALL`, `name`, `Display`, `FromStr`, and serde's traits. A variant cannot be missing from any of them.
///
/// The text after the name of the enum says what a word names. The error for an unknown word, [`Error::Unknown`],
/// begins with this text and lists the words. The crate that uses the macro needs `serde` with `derive`.
///
/// ```
/// qrtl_golden::words! {
///     /// Where a number exactly between two integers goes.
///     #[derive(PartialOrd, Ord)]
///     pub enum Ties: "ties" {
///         /// toward plus infinity
///         Up = "up",
///         /// away from zero
///         Away = "away",
///     }
/// }
///
/// assert_eq!(Ties::ALL.map(Ties::name), ["up", "away"]);
/// assert_eq!("away".parse::<Ties>(), Ok(Ties::Away));
/// assert_eq!("even".parse::<Ties>().unwrap_err().to_string(), "ties: even is none of up, away");
/// assert_eq!(Ties::Up.to_string(), "up");
/// assert_eq!(serde_json::to_string(&Ties::Up).unwrap(), r#""up""#);
/// assert_eq!(serde_json::from_str::<Ties>(r#""up""#).unwrap(), Ties::Up);
/// ```
///
/// [`Error::Unknown`]: crate::Error::Unknown
#[macro_export]
macro_rules! words {
    (
        $(#[$attribute:meta])*
        $visible:vis enum $Name:ident: $what:literal {
            $($(#[$of_variant:meta])* $Variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        $visible enum $Name {
            $($(#[$of_variant])* $Variant,)+
        }

        impl $Name {
            /// All variants, in the order of their definition.
            pub const ALL: [$Name; [$($word),+].len()] = [$($Name::$Variant),+];

            /// The word of the variant.
            pub const fn name(self) -> &'static str {
                match self {
                    $($Name::$Variant => $word,)+
                }
            }
        }

        impl ::std::fmt::Display for $Name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl ::std::str::FromStr for $Name {
            type Err = $crate::Error;
            fn from_str(word: &str) -> ::std::result::Result<$Name, $crate::Error> {
                let unknown = || $crate::Error::unknown($what, word, &$Name::ALL);
                $Name::ALL.into_iter().find(|one| one.name() == word).ok_or_else(unknown)
            }
        }

        impl ::std::convert::TryFrom<String> for $Name {
            type Error = $crate::Error;
            fn try_from(word: String) -> ::std::result::Result<$Name, $crate::Error> {
                word.parse()
            }
        }

        impl ::std::convert::From<$Name> for &'static str {
            fn from(one: $Name) -> &'static str {
                one.name()
            }
        }
    };
}

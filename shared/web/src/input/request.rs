//! The macro that declares a part of a request.

/// Declares a part of a request once: its struct, how its fields are read ([`FromFields`](crate::input::FromFields)), and what the
/// `OpenAPI` document says of it (`ToSchema` of a body, `IntoParams` of a path or a query).
///
/// The part is `body`, `path`, `query`, or `paged_query` for that of a list ([`PagedQuery`](crate::page::PagedQuery)). The word before
/// a field says whether it may be left out; the method of [`Fields`](crate::input::Fields) of that name reads it:
///
/// | word | absent | null | the field is a |
/// |---|---|---|---|
/// | `required` | error | error | `T` |
/// | `if_present` | fine | error | `Option<T>` |
/// | `if_present_object` | fine | error | `Option<T>`, where `T` is declared as a body, too |
/// | `optional` | fine | fine | `Option<T>` |
/// | `nullable`, with `as U` | fine | fine, and not the same | `U`, from `Option<Option<T>>` |
/// | `required_nullable` | error | fine | `Option<T>` |
/// | `configured` | error | error | `T`, by configured rules |
/// | `cursor` | fine | | `Option<T>`, also where it is empty |
///
/// A default makes a field that may be left out a `T`. `#[schema(..)]` calls methods of [`Property`](crate::input::Property). A check
/// across fields runs where all of its fields could be read, so that all errors are told at once.
///
/// ```ignore
/// shared_web::request! {
///     /// Who is invited.
///     pub struct Invitation in body {
///         /// The chat
///         required chat_id: ChatId,
///         /// The first day
///         #[schema(example = "2026-01-31")]
///         required from: Day,
///         /// The last day; left out, the first
///         optional until: Day,
///         /// What the guest may do; left out, `read`
///         if_present role: Role = Role::Read,
///     }
///     check until(from, until): until.is_none_or(|until| until >= *from), or Reason::value_error("it ends too early");
/// }
/// ```
#[macro_export]
macro_rules! request {
    (
        $(#[doc = $doc:literal])*
        $(#[example($($example:tt)+)])?
        $vis:vis struct $name:ident in $part:ident {
            $(
                $(#[doc = $field_doc:literal])*
                $(#[schema($($method:ident $(= $argument:expr)?),+)])?
                $field_vis:vis $kind:ident $field:ident: $type:ty $(as $target:ty)? $(= $default:expr)?
            ),+ $(,)?
        }
        $(check $at:ident($($of:ident),+): $holds:expr, or $reason:expr;)*
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        $vis struct $name {
            $($(#[doc = $field_doc])* $field_vis $field: $crate::request!(@type $kind $type [$($target)?] [$($default)?])),+
        }

        impl $crate::input::FromFields for $name {
            fn from_fields(fields: &mut $crate::input::Fields<'_>) -> ::std::result::Result<Self, $crate::input::Invalid> {
                $(let $field = $crate::request!(@read fields $kind $type, $field);)+
                $(
                    if let ($(Ok($of),)+) = ($(&$of,)+)
                        && !$holds
                    {
                        return Err(fields.reject(stringify!($at), $reason));
                    }
                )*
                Ok(Self { $($field: $crate::request!(@value ($field?) [$($target)?] [$($default)?])),+ })
            }
        }

        impl $name {
            fn properties() -> ::std::vec::Vec<$crate::input::Property> {
                ::std::vec![$(
                    $crate::input::Property::$kind::<$type>(stringify!($field), &[$($field_doc),*])
                        $($(.$method($($argument)?))+)?
                ),+]
            }
        }

        $crate::request! { @document $part $name [$($doc),*] [$($($example)+)?] [$($kind $field),+] }
    };

    (@type nullable $type:ty [$target:ty] []) => { $target };
    (@type required $type:ty [] []) => { $type };
    (@type configured $type:ty [] []) => { $type };
    (@type $kind:ident $type:ty [] [$default:expr]) => { $type };
    (@type $kind:ident $type:ty [] []) => { ::std::option::Option<$type> };

    (@read $fields:ident cursor $type:ty, $field:ident) => { $crate::page::cursor::<$type>($fields) };
    (@read $fields:ident $kind:ident $type:ty, $field:ident) => { $fields.$kind::<$type>(stringify!($field)) };

    (@value ($($value:tt)+) [] []) => { $($value)+ };
    (@value ($($value:tt)+) [] [$default:expr]) => { $($value)+.unwrap_or($default) };
    (@value ($($value:tt)+) [$target:ty] []) => { <$target>::from($($value)+) };

    (@document body $name:ident $docs:tt [$($example:tt)*] $fields:tt) => {
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                let example = $crate::request!(@example $($example)*);
                $crate::input::body_schema(&$docs, Self::properties(), example)
            }
        }

        impl ::utoipa::ToSchema for $name {
            fn schemas(schemas: &mut ::std::vec::Vec<(
                ::std::string::String,
                ::utoipa::openapi::RefOr<::utoipa::openapi::Schema>,
            )>) {
                schemas.extend(Self::properties().into_iter().flat_map($crate::input::Property::into_components));
            }
        }
    };
    (@document path $name:ident $docs:tt [] $fields:tt) => { $crate::request! { @parameters Path $name } };
    (@document query $name:ident $docs:tt [] $fields:tt) => { $crate::request! { @parameters Query $name } };
    (@document paged_query $name:ident $docs:tt [] [$($kind:ident $field:ident),+]) => {
        $crate::request! { @parameters Query $name }

        impl $crate::page::PagedQuery for $name {
            fn parameters(&self) -> $crate::page::Parameters {
                let parameters = $crate::page::Parameters::default();
                $(let parameters = $crate::request!(@parameter parameters $kind $field, self.$field);)+
                parameters
            }
        }
    };

    (@example) => { None };
    (@example $($example:tt)+) => { Some(::serde_json::json!($($example)+)) };

    (@parameters $in:ident $name:ident) => {
        impl ::utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> ::std::option::Option<::utoipa::openapi::path::ParameterIn>,
            ) -> ::std::vec::Vec<::utoipa::openapi::path::Parameter> {
                let parameter = $crate::input::Property::into_parameter;
                let properties = Self::properties().into_iter();
                properties.map(|property| parameter(property, ::utoipa::openapi::path::ParameterIn::$in)).collect()
            }
        }
    };

    (@parameter $parameters:ident cursor $field:ident, $value:expr) => { $parameters };
    (@parameter $parameters:ident required $field:ident, $value:expr) => {
        $parameters.with(stringify!($field), Some(&$value))
    };
    (@parameter $parameters:ident $kind:ident $field:ident, $value:expr) => {
        $parameters.with(stringify!($field), $value.as_ref())
    };
}

#[cfg(test)]
mod tests {
    use super::super::body::FromBody as _;
    use super::super::fields::Settings;
    use serde_json::json;
    use shared::validation::Reason;
    use utoipa::PartialSchema as _;

    crate::request! {
        /// Two texts.
        struct Pair in body {
            /// The first
            #[schema(example = "a")]
            required one: String,
            optional two: String,
            /// Whether they
            /// are counted
            if_present are_counted: bool = true,
        }
        check two(one, two): two.as_ref() != Some(one), or Reason::value_error("they are the same");
    }

    fn read(body: &str) -> Result<Pair, Vec<String>> {
        let read = Pair::from_body((), &Settings::default(), body.as_bytes());
        read.map_err(|problem| problem.errors().iter().map(|error| error.kind.to_string()).collect())
    }

    #[test]
    fn fields_are_read_with_their_defaults() {
        let pair = read(r#"{"one": "a", "two": null}"#).unwrap();
        assert_eq!((pair.one.as_str(), pair.two, pair.are_counted), ("a", None, true));
    }

    #[test]
    fn a_check_across_fields_is_told_beside_other_errors() {
        assert_eq!(read(r#"{"one": "a", "two": "a"}"#).unwrap_err(), ["value_error"]);
        let both = read(r#"{"one": "a", "two": "a", "are_counted": 1}"#).unwrap_err();
        assert_eq!(both, ["bool_type", "value_error"]);
        assert_eq!(read(r#"{"two": "a"}"#).unwrap_err(), ["missing"]);
    }

    crate::request! {
        /// A pair in a box.
        struct Boxed in body {
            /// The pair
            if_present_object pair: Pair,
            if_present is_open: bool,
        }
    }

    #[test]
    fn errors_within_an_object_are_told_at_their_places_beside_others() {
        let read = |body: &str| match Boxed::from_body((), &Settings::default(), body.as_bytes()) {
            Ok(boxed) => Ok((boxed.pair.map(|pair| pair.one), boxed.is_open)),
            Err(problem) => Err(problem.errors().iter().map(|error| error.loc.len()).collect::<Vec<_>>()),
        };

        assert_eq!(read(r#"{"pair": {"one": "a", "three": 1}}"#), Ok((Some("a".to_owned()), None)));
        assert_eq!(read("{}"), Ok((None, None)));
        assert_eq!(read(r#"{"pair": {"one": 1, "are_counted": 1}, "is_open": 1}"#), Err(vec![3, 3, 2]));
        for wrong in ["null", "[]", r#""{}""#, "1"] {
            assert_eq!(read(&format!(r#"{{"pair": {wrong}}}"#)), Err(vec![2]), "{wrong}");
        }
    }

    #[test]
    fn the_document_says_what_may_be_left_out() {
        let expected = json!({
            "type": "object", "description": "Two texts.", "required": ["one"],
            "properties": {
                "one": {"type": "string", "description": "The first", "example": "a"},
                "two": {"type": ["string", "null"]},
                "are_counted": {"type": "boolean", "description": "Whether they\nare counted"},
            }
        });
        assert_eq!(serde_json::to_value(Pair::schema()).unwrap(), expected);
    }
}

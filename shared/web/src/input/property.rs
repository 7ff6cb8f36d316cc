//! The fields of a request, as the `OpenAPI` document describes them.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{RefBuilder, SchemaType, Type};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Required, Schema};

/// A field of a request. The schema of its type is written where the field stands, unless it is a component.
pub struct Property {
    name: &'static str,
    description: String,
    is_required: bool,
    is_nullable: bool,
    example: Option<Value>,
    is_component: bool,
    type_name: String,
    schema: RefOr<Schema>,
    /// The components that the schema refers to.
    components: Vec<Component>,
}

/// A named schema of a document.
type Component = (String, RefOr<Schema>);

impl Property {
    fn new<T: ToSchema>(name: &'static str, docs: &[&str]) -> Self {
        let mut components = Vec::new();
        T::schemas(&mut components);
        Self {
            name,
            description: description(docs),
            is_required: false,
            is_nullable: false,
            example: None,
            is_component: false,
            type_name: T::name().into_owned(),
            schema: T::schema(),
            components,
        }
    }

    /// A field that must be present and not null.
    pub fn required<T: ToSchema>(name: &'static str, docs: &[&str]) -> Self {
        Self { is_required: true, ..Self::new::<T>(name, docs) }
    }

    /// The same, by configured rules.
    pub fn configured<T: ToSchema>(name: &'static str, docs: &[&str]) -> Self {
        Self::required::<T>(name, docs)
    }

    /// A field that may be absent, but not null.
    pub fn if_present<T: ToSchema>(name: &'static str, docs: &[&str]) -> Self {
        Self::new::<T>(name, docs)
    }

    /// An object with fields of its own, that may be absent, but not null.
    pub fn if_present_object<T: ToSchema>(name: &'static str, docs: &[&str]) -> Self {
        Self::new::<T>(name, docs).component()
    }

    /// A field that may be absent or null.
    pub fn optional<T: ToSchema>(name: &'static str, docs: &[&str]) -> Self {
        Self { is_nullable: true, ..Self::new::<T>(name, docs) }
    }

    /// A field in which null differs from absent.
    pub fn nullable<T: ToSchema>(name: &'static str, docs: &[&str]) -> Self {
        Self::optional::<T>(name, docs)
    }

    /// A field that must be present, and may be null.
    pub fn required_nullable<T: ToSchema>(name: &'static str, docs: &[&str]) -> Self {
        Self { is_required: true, ..Self::optional::<T>(name, docs) }
    }

    /// The cursor of a page, which is a text for clients.
    pub fn cursor<T>(name: &'static str, docs: &[&str]) -> Self {
        Self::optional::<String>(name, docs)
    }

    /// Adds an example.
    #[must_use]
    pub fn example(self, example: impl Into<Value>) -> Self {
        Self { example: Some(example.into()), ..self }
    }

    /// Makes the type a component of the document, to which the field refers.
    #[must_use]
    pub fn component(mut self) -> Self {
        self.components.push((self.type_name.clone(), self.schema.clone()));
        Self { is_component: true, ..self }
    }

    /// The components that the field refers to.
    pub fn into_components(self) -> Vec<Component> {
        self.components
    }

    /// The field as a parameter of a path or a query, where nothing is null.
    pub fn into_parameter(self, parameter_in: ParameterIn) -> Parameter {
        let required = if self.is_required { Required::True } else { Required::False };
        let parameter = ParameterBuilder::new().name(self.name).parameter_in(parameter_in).required(required);
        let mut schema = self.schema;
        // What a value of an enum means is told with its values.
        if let RefOr::T(Schema::Object(object)) = &mut schema
            && object.enum_values.is_none()
        {
            object.description = None;
        }
        parameter.description(described(self.description)).schema(Some(schema)).build()
    }

    /// The field as a member of a body.
    fn into_member(self) -> RefOr<Schema> {
        let Self { description, is_nullable, example, is_component, type_name, schema, .. } = self;
        if is_component {
            return reference(&type_name, description).into();
        }
        let mut object = match schema {
            RefOr::T(Schema::Object(object)) => object,
            RefOr::T(Schema::Array(mut array)) => {
                array.description = described(description);
                array.example = example;
                return Schema::Array(array).into();
            }
            schema => return schema,
        };
        object.description = described(description);
        object.example = example;
        if is_nullable && let SchemaType::Type(kind) = object.schema_type {
            object.schema_type = SchemaType::Array(vec![kind, Type::Null]);
            object.enum_values.iter_mut().for_each(|values| values.push(Value::Null));
        }
        RefOr::T(Schema::Object(object))
    }
}

fn reference(type_name: &str, description: String) -> Ref {
    RefBuilder::new().description(described(description)).ref_location_from_schema_name(type_name).build()
}

/// The lines of a doc comment as one text.
fn description(docs: &[&str]) -> String {
    docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}

fn described(description: String) -> Option<String> {
    Some(description).filter(|text| !text.is_empty())
}

/// The schema of a body with these fields.
pub fn body_schema(docs: &[&str], properties: Vec<Property>, example: Option<Value>) -> RefOr<Schema> {
    let object = ObjectBuilder::new().description(described(description(docs)));
    let object = properties.into_iter().fold(object, |object, property| {
        let (name, is_required) = (property.name, property.is_required);
        let object = object.property(name, property.into_member());
        if is_required { object.required(name) } else { object }
    });
    let mut object = object.build();
    object.example = example;
    object.into()
}

/// A schema with an example.
pub fn with_example(mut schema: RefOr<Schema>, example: impl Into<Value>) -> RefOr<Schema> {
    if let RefOr::T(Schema::Object(object)) = &mut schema {
        object.example = Some(example.into());
    }
    schema
}

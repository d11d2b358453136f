//! Schemas: those of the types that are answered, and what reading a body makes of them.

use std::mem;

use crosswalk::contact::LINE;
use utoipa::PartialSchema;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ArrayItems, SchemaFormat, SchemaType};
use utoipa::openapi::{AllOf, Object, ObjectBuilder, Ref, RefOr, Schema, Type};

/// The object that a type is in JSON.
pub(super) fn object<T: PartialSchema>() -> Object {
    match T::schema() {
        RefOr::T(Schema::Object(object)) => plain(object),
        _ => unreachable!("it is asked of types that are plain objects"),
    }
}

/// What a member says of itself stands with its schema. The derive makes an `allOf` of the two, the second of which is an
/// object, whatever the first is: nothing could be both.
pub(super) fn plain(mut object: Object) -> Object {
    for property in object.properties.values_mut() {
        if let RefOr::T(Schema::AllOf(AllOf { items, .. })) = property
            && let [RefOr::T(schema), RefOr::T(Schema::Object(said))] = items.as_mut_slice()
        {
            *property = RefOr::T(described(mem::take(schema), said.description.take()));
        }
    }
    object
}

fn described(schema: Schema, description: Option<String>) -> Schema {
    match schema {
        Schema::Object(object) => {
            let mut object = plain(object);
            object.description = description;
            object.into()
        }
        Schema::Array(mut array) => {
            array.description = description;
            array.into()
        }
        other => other,
    }
}

/// A body whose optional members may also be null, or blank where they are text: both mean "absent". Others than these
/// are refused.
pub(super) fn body(object: Object, required: &[&str]) -> Object {
    let mut object = closed(object);
    object.required = required.iter().map(ToString::to_string).collect();
    for (name, property) in &mut object.properties {
        if let RefOr::T(schema) = property
            && !required.contains(&name.as_str())
        {
            absent(schema);
        }
    }
    object
}

/// Members that are not described are refused.
pub(super) fn closed(mut object: Object) -> Object {
    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    object
}

/// A page of a list.
pub(super) fn page(of: &str) -> ObjectBuilder {
    let next = ObjectBuilder::new().schema_type(Type::String);
    let next = next.description(Some("The `cursor` of the next page. Absent on the last."));
    ObjectBuilder::new().property("items", list(of)).required("items").property("next", next)
}

/// A list of what has a name.
pub(super) fn list(of: &str) -> ArrayBuilder {
    ArrayBuilder::new().items(ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(of).into())))
}

/// Text, with what it says.
pub(super) fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(description))
}

/// A line of text that is not empty.
pub(super) fn line(max: usize, description: &str) -> ObjectBuilder {
    text(description).min_length(Some(1)).max_length(Some(max)).pattern(Some(LINE))
}

/// Text in a form that has a name in JSON Schema.
pub(super) fn formatted(name: &str, description: &str) -> ObjectBuilder {
    text(description).format(Some(SchemaFormat::Custom(name.to_owned())))
}

/// A moment (RFC 3339).
pub(super) fn time(description: &str) -> ObjectBuilder {
    formatted("date-time", description)
}

/// One of these words.
pub(super) fn words<const N: usize>(words: [&str; N], description: &str) -> ObjectBuilder {
    text(description).enum_values(Some(words))
}

/// A whole number from this one on.
pub(super) fn whole(from: i64, description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(from)).description(Some(description))
}

/// Yes or no.
pub(super) fn flag(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean).description(Some(description))
}

/// Anything.
pub(super) fn any(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some(description))
}

/// Lets a schema be null, and its parts absent in the same way.
fn absent(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => {
            if object.schema_type == SchemaType::Type(Type::String) {
                object.min_length = None;
            }
            if let Some(words) = &mut object.enum_values {
                words.push(serde_json::Value::Null);
            }
            nullable(&mut object.schema_type);
            if !object.properties.is_empty() {
                *object = body(mem::take(object), &[]);
            }
            if let Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(values)))) =
                object.additional_properties.as_deref_mut()
            {
                nullable(&mut values.schema_type);
            }
        }
        Schema::Array(array) => nullable(&mut array.schema_type),
        _ => {}
    }
}

fn nullable(types: &mut SchemaType) {
    match mem::replace(types, SchemaType::AnyValue) {
        SchemaType::Type(one) => *types = SchemaType::Array(vec![one, Type::Null]),
        SchemaType::Array(mut several) => {
            several.push(Type::Null);
            *types = SchemaType::Array(several);
        }
        SchemaType::AnyValue => {}
    }
}

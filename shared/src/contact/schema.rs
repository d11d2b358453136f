//! What the description of the API says of values that have rules of their own. The bounds are those that reading keeps.

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, SchemaFormat, SchemaType};
use utoipa::openapi::{Object, ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{CustomFields, Email, Note, Phone, Tags, Text, custom_fields, email, phone, tags};

/// One line: nothing in it is a control character.
pub const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// Lines: the only control characters are line ends and tabs.
const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

impl<const MAX: usize> PartialSchema for Text<MAX> {
    fn schema() -> RefOr<Schema> {
        text(MAX, LINE).into()
    }
}

impl<const MAX: usize> ToSchema for Text<MAX> {}

impl<const MAX: usize> PartialSchema for Note<MAX> {
    fn schema() -> RefOr<Schema> {
        text(MAX, LINES).into()
    }
}

impl<const MAX: usize> ToSchema for Note<MAX> {}

impl PartialSchema for Phone {
    fn schema() -> RefOr<Schema> {
        text(phone::MAX, LINE).into()
    }
}

impl ToSchema for Phone {}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        let address = ObjectBuilder::new().schema_type(Type::String).max_length(Some(email::MAX));
        address.format(Some(SchemaFormat::Custom("email".to_owned()))).into()
    }
}

impl ToSchema for Email {}

impl PartialSchema for Tags {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new().items(Text::<{ tags::MAX_LENGTH }>::schema()).max_items(Some(tags::MAX)).into()
    }
}

impl ToSchema for Tags {}

impl PartialSchema for CustomFields {
    fn schema() -> RefOr<Schema> {
        let value = SchemaType::from_iter([Type::String, Type::Number, Type::Boolean]);
        let value = ObjectBuilder::new().schema_type(value).pattern(Some(LINES)).build();
        let fields = ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(custom_fields::MAX));
        let fields = fields.property_names(Some(text(custom_fields::MAX_NAME, LINE)));
        fields.additional_properties(Some(AdditionalProperties::from(Schema::from(value)))).into()
    }
}

impl ToSchema for CustomFields {}

fn text(max: usize, pattern: &str) -> Object {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(max));
    text.pattern(Some(pattern)).build()
}

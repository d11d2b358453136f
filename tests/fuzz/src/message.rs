//! Inputs that look like a message of HTTP: lines with a name and a value, an empty line, and a body of any bytes.

/// An input taken apart. One without an empty line is all body.
pub struct Message<'a> {
    headers: Vec<(&'a str, &'a [u8])>,
    /// What comes after the empty line.
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Takes an input apart. Lines without a name are passed over.
    pub fn read(input: &'a [u8]) -> Self {
        let end = input.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = end.map_or((&[][..], input), |end| (&input[..end], &input[end + 2..]));
        let headers = head.split(|byte| *byte == b'\n').filter_map(header).collect();
        Self { headers, body }
    }

    /// All headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        self.headers.iter().copied()
    }

    /// The last header of this name.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers().filter(|(given, _)| *given == name).last().map(|(_, value)| value)
    }

    /// The same, if it is text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        str::from_utf8(self.header(name)?).ok()
    }
}

fn header(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.windows(2).position(|pair| pair == b": ")?;
    Some((str::from_utf8(&line[..colon]).ok()?, &line[colon + 2..]))
}

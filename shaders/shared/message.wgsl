// Words of hashed messages. A message is a prefix byte and then words of a buffer, so its words
// begin one byte before those of the buffer.

// Word of a message: the last byte of the word `before`, then three bytes of the word `next`.
fn shifted(before: u32, next: u32) -> u32 {
    return (next << 8u) | (before >> 24u);
}

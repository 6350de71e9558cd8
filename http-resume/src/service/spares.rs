//! Allocations that an event loop reuses.

use std::mem;

use crate::handler::HandlerId;
use crate::resume::VacantCell;
use crate::wire::Message;

/// Size of an input buffer: the most that is read from a socket at once.
pub(crate) const READ_SIZE: usize = 16 * 1024;

/// Maximum number of vacant cells per handler, and of messages.
const MAX_SPARES: usize = 1024;

/// Maximum number of input buffers. Rarely is more than one in use at a time.
const MAX_BUFFERS: usize = 16;

/// Maximum number of output buffers.
const MAX_OUTPUTS: usize = 256;

/// Maximum capacity of an output buffer that is kept. A large response is rare.
const MAX_OUTPUT: usize = 16 * 1024;

/// The spare cells, messages and buffers of an event loop.
pub(crate) struct Spares {
    /// Vacant cells by handler.
    cells: Vec<Vec<VacantCell>>,
    #[expect(
        clippy::vec_box,
        reason = "connections take the boxes, and give them back"
    )]
    messages: Vec<Box<Message>>,
    /// Initialised, and all of `READ_SIZE`.
    buffers: Vec<Vec<u8>>,
    /// Empty, for responses.
    outputs: Vec<Vec<u8>>,
}

impl Spares {
    pub(super) fn new(handlers: usize) -> Self {
        let mut cells = Vec::new();
        cells.resize_with(handlers, Vec::new);
        Self {
            cells,
            messages: Vec::new(),
            buffers: Vec::new(),
            outputs: Vec::new(),
        }
    }

    pub(super) fn cell(&mut self, handler: HandlerId) -> Option<VacantCell> {
        self.cells[handler.0].pop()
    }

    pub(super) fn put_cell(&mut self, handler: HandlerId, cell: VacantCell) {
        let cells = &mut self.cells[handler.0];
        if cells.len() < MAX_SPARES {
            cells.push(cell);
        }
    }

    /// Returns a message to be filled by the parser.
    pub(crate) fn message(&mut self) -> Box<Message> {
        self.messages.pop().unwrap_or_default()
    }

    pub(crate) fn put_message(&mut self, mut message: Box<Message>) {
        if self.messages.len() < MAX_SPARES {
            message.recycle();
            self.messages.push(message);
        }
    }

    /// Returns an initialised buffer of [`READ_SIZE`].
    pub(crate) fn buffer(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_else(|| vec![0; READ_SIZE])
    }

    /// Returns an empty buffer for responses.
    pub(crate) fn output(&mut self) -> Vec<u8> {
        self.outputs.pop().unwrap_or_default()
    }

    /// Takes a buffer of responses that were sent, which is kept unless it is large.
    pub(crate) fn put_output(&mut self, output: &mut Vec<u8>) {
        let mut output = mem::take(output);
        if self.outputs.len() < MAX_OUTPUTS && output.capacity() <= MAX_OUTPUT {
            output.clear();
            self.outputs.push(output);
        }
    }

    /// Takes the buffer, which is kept unless it has grown.
    pub(crate) fn put_buffer(&mut self, buffer: &mut Vec<u8>) {
        let buffer = mem::take(buffer);
        if self.buffers.len() < MAX_BUFFERS && buffer.len() == READ_SIZE {
            self.buffers.push(buffer);
        }
    }
}

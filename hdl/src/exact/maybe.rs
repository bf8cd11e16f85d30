//! Parts of a block that a configuration may leave out.

use rust_hdl::prelude::{Block, Logic, Probe};

/// A field that the configuration may leave out: `Option` with a block in it, which RustHDL does not know.
#[derive(Debug)]
pub struct Maybe<B>(Option<B>);

impl<B> Maybe<B> {
    /// `block()` if `wanted`.
    pub fn when(wanted: bool, block: impl FnOnce() -> B) -> Maybe<B> {
        Maybe(wanted.then(block))
    }

    /// The block, if it is there.
    pub fn get(&self) -> Option<&B> {
        self.0.as_ref()
    }

    /// The block, if it is there, to set an optional port in a simulation of RustHDL.
    pub fn get_mut(&mut self) -> Option<&mut B> {
        self.0.as_mut()
    }
}

impl<B> From<Option<B>> for Maybe<B> {
    fn from(block: Option<B>) -> Maybe<B> {
        Maybe(block)
    }
}

impl<B: Block> Logic for Maybe<B> {
    fn update(&mut self) {}
}

impl<B: Block> Block for Maybe<B> {
    fn connect_all(&mut self) {
        self.0.iter_mut().for_each(Block::connect_all);
    }
    fn update_all(&mut self) {
        self.0.iter_mut().for_each(Block::update_all);
    }
    fn has_changed(&self) -> bool {
        self.0.as_ref().is_some_and(Block::has_changed)
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        if let Some(block) = &self.0 {
            block.accept(name, probe);
        }
    }
}

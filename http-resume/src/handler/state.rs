//! The state of an application.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;

/// Values that all handlers of a server share, one of each type.
#[derive(Default)]
pub(crate) struct State(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl State {
    /// Adds a value, in place of an earlier one of its type.
    pub(super) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Box::new(value));
    }

    /// Returns the value of a type, if there is one.
    pub(super) fn find<T: 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// Returns the value of a type. Panics if there is none.
    pub(super) fn get<T: 'static>(&self) -> &T {
        let value = self.find();
        value.unwrap_or_else(|| panic!("the router has no state of type {}", type_name::<T>()))
    }
}

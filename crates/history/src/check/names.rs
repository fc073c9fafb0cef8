//! Names made numbers, in the order in which they appear.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash};

/// A table that is the same in every run. It is never iterated over.
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// Things by number, and their numbers.
#[derive(Debug)]
pub(super) struct Names<T> {
    all: Vec<T>,
    numbers: Map<T, usize>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { all: Vec::new(), numbers: Map::default() }
    }
}

impl<T: Copy + Eq + Hash> Names<T> {
    /// The number of this, which is new at its first appearance.
    pub(super) fn number(&mut self, name: T) -> usize {
        *self.numbers.entry(name).or_insert_with(|| {
            self.all.push(name);
            self.all.len() - 1
        })
    }

    /// The number of this, if it has appeared.
    pub(super) fn find(&self, name: T) -> Option<usize> {
        self.numbers.get(&name).copied()
    }

    /// What has this number.
    pub(super) fn name(&self, number: usize) -> T {
        self.all[number]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

/// No number. Seats are fewer, and so are their owners.
pub(super) const NONE: u16 = u16::MAX;

/// Numbers, found again by the hash of what they stand for. The keys are not
/// kept: whoever asks compares them where they are.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// The number last entered, by bucket.
    heads: Vec<u16>,
    /// The one entered before it in the same bucket, by number.
    next: Vec<u16>,
}

impl Index {
    /// An index of at least so many buckets. It has as many for ever: the seats
    /// of a map bound what is ever entered.
    pub(super) fn new(buckets: usize) -> Self {
        Self { heads: vec![NONE; buckets.next_power_of_two()], next: Vec::new() }
    }

    /// The numbers of this hash, and maybe others.
    pub(super) fn candidates(&self, hash: u64) -> impl Iterator<Item = u16> {
        let real = |number: &u16| *number != NONE;
        let head = Some(self.heads[self.bucket(hash)]).filter(real);
        std::iter::successors(head, move |number| {
            Some(self.next[usize::from(*number)]).filter(real)
        })
    }

    /// Enters a number that is not in it.
    pub(super) fn insert(&mut self, hash: u64, number: u16) {
        let (bucket, at) = (self.bucket(hash), usize::from(number));
        if self.next.len() <= at {
            self.next.resize(at + 1, NONE);
        }
        self.next[at] = std::mem::replace(&mut self.heads[bucket], number);
    }

    /// Takes out a number that was entered under this hash.
    pub(super) fn remove(&mut self, hash: u64, number: u16) {
        let bucket = self.bucket(hash);
        let next = self.next[usize::from(number)];
        let before = self.candidates(hash).take_while(|other| *other != number).last();
        match before {
            None => self.heads[bucket] = next,
            Some(before) => self.next[usize::from(before)] = next,
        }
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.next.shrink_to_fit();
    }

    pub(super) fn bytes(&self) -> usize {
        (self.heads.capacity() + self.next.capacity()) * size_of::<u16>()
    }

    const fn bucket(&self, hash: u64) -> usize {
        hash as usize & (self.heads.len() - 1)
    }
}

/// A hash without random state: the same in every run. Each eight bytes are
/// multiplied in, and the halves of the product folded.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    const SEED: u64 = 0xD1B5_4A32_D192_ED03;
    const FACTOR: u128 = 0x9E37_79B9_7F4A_7C15;
    bytes.chunks(8).fold(SEED, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let product = u128::from(hash ^ u64::from_le_bytes(word)) * FACTOR;
        (product >> 64) as u64 ^ product as u64
    })
}

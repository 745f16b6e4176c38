//! Tally: a small number for each member of a crowd, counted for 64 members at a time.
//!
//! Purpose: the commonest runs stand in a large part of a crowd; adding a row of bits to all
//! numbers at once is far quicker than adding one by one.
//! Invariant: the numbers are exact.
//! This module does not know what is counted.

/// Members in one word of bits.
const BITS: usize = u64::BITS as usize;

/// How many words hold a bit for each of so many members.
pub(super) fn words_for(members: usize) -> usize {
    members.div_ceil(BITS)
}

/// Sets the bit of a member in a row that is long enough.
pub(super) fn set(row: &mut [u64], member: usize) {
    if let Some(word) = row.get_mut(member / BITS) {
        *word |= 1 << (member % BITS);
    }
}

/// A number for each member: the first plane holds the lowest bit of each, and so on.
#[derive(Debug, Default)]
pub(super) struct Tally {
    planes: Vec<Vec<u64>>,
    members: usize,
    words: usize,
}

impl Tally {
    /// Nought for each of so many members, with room to count up to `most`.
    pub(super) fn new(members: usize, most: usize) -> Tally {
        let words = words_for(members);
        let mut tally = Tally {
            planes: Vec::new(),
            members,
            words,
        };
        tally.make_room(most);
        tally
    }

    fn make_room(&mut self, most: usize) {
        let planes = (usize::BITS - most.leading_zeros()) as usize;
        let planes = planes.max(self.planes.len());
        self.planes.resize_with(planes, || vec![0; self.words]);
    }

    /// Gives the next member, who has this number, a number.
    pub(super) fn push(&mut self, member: usize, number: usize) {
        self.members = member + 1;
        self.words = words_for(self.members);
        self.make_room(number);
        for (at, plane) in self.planes.iter_mut().enumerate() {
            plane.resize(self.words, 0);
            if number >> at & 1 == 1 {
                set(plane, member);
            }
        }
    }

    /// Adds one to a member's number.
    pub(super) fn add_one(&mut self, member: usize) {
        let mut carry = 1 << (member % BITS);
        for plane in &mut self.planes {
            let Some(word) = plane.get_mut(member / BITS) else {
                return;
            };
            let both = *word & carry;
            *word ^= carry;
            if both == 0 {
                return;
            }
            carry = both;
        }
    }

    /// Adds the bits of four rows, each as long as the crowd, to the numbers of their members.
    pub(super) fn add_rows(&mut self, [a, b, c, d]: [&[u64]; 4], carry: &mut Vec<u64>) {
        carry.clear();
        carry.resize(self.words, 0);
        let [ones, twos, more @ ..] = self.planes.as_mut_slice() else {
            return;
        };
        let rows = a.iter().zip(b).zip(c.iter().zip(d));
        let sums = ones.iter_mut().zip(twos).zip(carry.iter_mut());
        for (((one, two), carry), ((a, b), (c, d))) in sums.zip(rows) {
            let (sum, first) = full_adder(*one, *a, *b);
            let (sum, second) = full_adder(sum, *c, *d);
            *one = sum;
            (*two, *carry) = full_adder(*two, first, second);
        }
        for plane in more {
            for (word, carry) in plane.iter_mut().zip(carry.iter_mut()) {
                let both = *word & *carry;
                *word ^= *carry;
                *carry = both;
            }
        }
    }

    /// The members whose number reaches `limit` or what `limits` has for them.
    pub(super) fn reaching<'t>(
        &'t self,
        limit: usize,
        limits: &'t Tally,
    ) -> impl Iterator<Item = usize> + 't {
        let planes = self.planes.len().max(limits.planes.len());
        let fixed = move |at: usize, _: usize| match limit.checked_shr(u32::try_from(at).ok()?)? & 1
        {
            1 => Some(u64::MAX),
            _ => None,
        };
        let is_small = limit.checked_shr(u32::try_from(planes).unwrap_or(u32::MAX));
        let is_small = is_small.is_none_or(|rest| rest == 0);
        let all = (0..self.words).flat_map(move |word| {
            let own = self.at_least(word, planes, |at, word| limits.word(at, word));
            let given = match is_small {
                true => self.at_least(word, planes, fixed),
                false => 0,
            };
            members_of(word, own | given)
        });
        // The last word has room for members that do not exist.
        all.take_while(|member| *member < self.members)
    }

    fn word(&self, plane: usize, word: usize) -> Option<u64> {
        self.planes.get(plane)?.get(word).copied()
    }

    /// Of the 64 members in a word, those whose number is not below the one given by its bits.
    fn at_least(
        &self,
        word: usize,
        planes: usize,
        limit: impl Fn(usize, usize) -> Option<u64>,
    ) -> u64 {
        (0..planes).fold(u64::MAX, |lower, at| {
            let own = self.word(at, word).unwrap_or(0);
            let limit = limit(at, word).unwrap_or(0);
            (own & !limit) | (!(own ^ limit) & lower)
        })
    }
}

/// The members whose bits are set in one word of a row.
fn members_of(word: usize, bits: u64) -> impl Iterator<Item = usize> {
    let is_set = |bits: &u64| *bits != 0;
    let without_last = move |bits: &u64| Some(bits & (bits - 1)).filter(is_set);
    let left = std::iter::successors(Some(bits).filter(is_set), without_last);
    left.map(move |left| word * BITS + left.trailing_zeros() as usize)
}

/// The sum of three bits, and what is carried.
fn full_adder(a: u64, b: u64, c: u64) -> (u64, u64) {
    let either = a ^ b;
    (either ^ c, (a & b) | (either & c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::text::mix;

    #[track_caller]
    fn check(members: usize, rows: usize, limit: usize) {
        let has = |row: usize, member: usize| mix((row * 1_000 + member) as u64).is_multiple_of(3);
        let own = |member: usize| member % 50 + 1;
        let mut tally = Tally::new(members, rows * 4 + 1);
        let mut limits = Tally::default();
        let mut carry = Vec::new();
        for row in 0..rows {
            let four: Vec<Vec<u64>> = (0..4)
                .map(|n| {
                    let mut bits = vec![0; words_for(members)];
                    (0..members)
                        .filter(|member| has(row * 4 + n, *member))
                        .for_each(|member| set(&mut bits, member));
                    bits
                })
                .collect();
            let [a, b, c, d] = four.as_slice() else {
                panic!("four rows")
            };
            tally.add_rows([a, b, c, d], &mut carry);
        }
        for member in 0..members {
            limits.push(member, own(member));
            if member.is_multiple_of(7) {
                tally.add_one(member);
            }
        }
        let count = |member: usize| {
            let rows = (0..rows * 4).filter(|row| has(*row, member)).count();
            rows + usize::from(member.is_multiple_of(7))
        };
        let expected = (0..members).filter(|m| count(*m) >= own(*m).min(limit));
        let expected: Vec<usize> = expected.collect();
        let found: Vec<usize> = tally.reaching(limit, &limits).collect();
        assert_eq!(found, expected, "{members} {rows} {limit}");
    }

    #[test]
    fn numbers_are_those_of_counting_one_by_one() {
        for members in [0, 1, 63, 64, 65, 300] {
            for rows in [1, 2, 9, 30] {
                for limit in [1, 3, 15, 40, 64, 1_000] {
                    check(members, rows, limit);
                }
            }
        }
    }
}

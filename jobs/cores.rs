//! Work on many things at once that do not know of each other.

use std::num::NonZero;

/// Does something with each item on all cores; the answers come in the items' order. Of items whose
/// thread panicked `failed` says the answer.
pub fn map<T: Sync, R: Send>(
    items: &[T],
    answer: impl Fn(&T) -> R + Sync,
    failed: impl Fn(&T) -> R,
) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let shares: Vec<_> = items
            .chunks(share)
            .map(|share| {
                let work = || share.iter().map(&answer).collect::<Vec<R>>();
                (share, scope.spawn(work))
            })
            .collect();
        let answers = shares.into_iter().flat_map(|(share, thread)| {
            let each = |_| share.iter().map(&failed).collect();
            thread.join().unwrap_or_else(each)
        });
        answers.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn answers_keep_their_order_whatever_happens_to_a_thread() {
        let numbers: Vec<u32> = (0..1_000).collect();
        let doubled = map(&numbers, |n| n * 2, |_| 0);
        assert_eq!(doubled, numbers.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(map(&[], |n: &u32| *n, |_| 0), Vec::<u32>::new());
        let survived = map(&[1, 1], |_| panic!("on purpose"), |n| n + 1);
        assert_eq!(survived, [2, 2]);
    }
}
